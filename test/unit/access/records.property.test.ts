import { NO_CREDENTIALS, parseCredentialBook } from '../../../src/access/credential-record.ts'
import { NOTHING_FROZEN, parseFreezeBook } from '../../../src/access/freeze-record.ts'
import { describeRecords } from '../../support/stored-records.ts'

describeRecords([
  {
    name: 'the book of credentials',
    parse: parseCredentialBook,
    examples: [
      NO_CREDENTIALS,
      {
        ...NO_CREDENTIALS,
        configured: [{ id: 'key1', portalId: 'acme', hash: 'h'.repeat(43), revokedAt: 1 }],
      },
    ],
  },
  {
    name: 'the book of freezes',
    parse: parseFreezeBook,
    examples: [
      NOTHING_FROZEN,
      {
        ...NOTHING_FROZEN,
        freezes: [{ target: 'portal', id: 'acme', since: 1, reason: 'a drill', by: 'operate' }],
      },
    ],
  },
])
