import { readIdempotencyKey } from '../../../src/idempotency/idempotency-key.ts'
import { parseIdempotencyRecord, parseKeptAnswer } from '../../../src/idempotency/record.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { describeReaders } from '../../support/hostile-input.ts'
import { describeRecords } from '../../support/stored-records.ts'

describeReaders([
  {
    name: 'readIdempotencyKey',
    read: (field) => readIdempotencyKey([field]),
    good: ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'order-1', '"a\\"b"'],
    declares: (error) => error instanceof ServiceError && error.code === 'invalid_request',
  },
])

const claimed = {
  format: 1,
  type: 'idempotent_answer',
  id: 'idem_x',
  fingerprint: 'f',
  phase: 'claimed',
  claim: 'c',
  until: 1,
}

describeRecords([
  {
    name: 'a use of an idempotency key',
    parse: parseIdempotencyRecord,
    examples: [claimed, { ...claimed, phase: 'answered', dataKey: 'v1.k.x', answer: 'v1.y' }],
  },
  {
    name: 'an answer that is kept',
    parse: parseKeptAnswer,
    examples: [{ status: 201, location: '/v1/connect-sessions/x', body: '{}' }],
  },
])
