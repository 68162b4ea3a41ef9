import { endedAddress, readEnding } from '../../../src/consent/ended.ts'
import { parseHandover, parseSession } from '../../../src/consent/session-record.ts'
import { PageError } from '../../../src/http/page-messages.ts'
import { describeReaders } from '../../support/hostile-input.ts'
import { describeRecords } from '../../support/stored-records.ts'
import { aSession, exchanging, failed, held, started } from './support/sessions.ts'

describeRecords([
  {
    name: 'a connect session',
    parse: parseSession,
    examples: [aSession(), started(), held(), exchanging(), failed()],
  },
  {
    name: 'a posted callback',
    parse: parseHandover,
    examples: [
      { format: 1, type: 'callback', taken: false, dataKey: 'v1.k.x', parameters: 'v1.y' },
    ],
  },
])

const ended = endedAddress({ cause: 'late', supportId: '0123-4567-89ab' })

describeReaders([
  {
    name: 'the address of the page that ends a callback',
    read: (query) => readEnding(new URLSearchParams(query)),
    good: [ended.slice(ended.indexOf('?') + 1)],
    declares: (error) => error instanceof PageError && error.pageCause === 'not_found',
  },
])
