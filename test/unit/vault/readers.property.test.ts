import { parseRecord } from '../../../src/vault/record.ts'
import { UnexpectedReply } from '../../../src/vault/redis-errors.ts'
import { parseInfo } from '../../../src/vault/redis-facts.ts'
import { parseRead, parseVersion, parseWrite } from '../../../src/vault/redis-replies.ts'
import { openText, sealText } from '../../../src/vault/seal.ts'
import { parseKeyedRecord } from '../../../src/vault/stored-keys.ts'
import { describeReaders } from '../../support/hostile-input.ts'
import { describeRecords } from '../../support/stored-records.ts'
import { aConnection, KNOX_TOKEN, withKnoxToken } from './support/records.ts'

const isUnexpected = (error: unknown): boolean => error instanceof UnexpectedReply

/** As a script answers. */
function replyOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

describeReaders([
  {
    name: 'parseVersion',
    read: parseVersion,
    good: ['write-2 write-1', 'write-1'],
    declares: isUnexpected,
  },
  {
    name: 'parseRead',
    read: (text) => parseRead(replyOf(text)),
    good: ['["3","w2 w1","{}","1700000000","1"]', '[null,null,null,"1700000000","1"]'],
    declares: isUnexpected,
  },
  {
    name: 'parseWrite',
    read: (text) => parseWrite(replyOf(text)),
    good: ['["won","1700000000","1",1]', '["lost","1700000000","1",0]'],
    declares: isUnexpected,
  },
  {
    name: 'parseInfo',
    read: parseInfo,
    good: ['redis_version:7.0.15\r\nrole:master\r\nslave0:ip=x,state=online'],
  },
])

describeRecords([
  {
    name: 'a connection',
    parse: parseRecord,
    examples: [aConnection(), withKnoxToken(aConnection(), KNOX_TOKEN)],
  },
  {
    name: 'a document of any sort',
    parse: parseKeyedRecord,
    examples: [{ dataKey: 'v1.k1.x', whatever: [1, { later: null }] }, {}],
  },
])

const KEY = Buffer.alloc(32, 7)
const PARTS = ['conn_1', 'refresh_token', 3]

describeReaders([
  {
    name: 'openText',
    read: (sealed) => openText(KEY, PARTS, sealed),
    good: [sealText(KEY, PARTS, 'a secret'), sealText(KEY, PARTS, '')],
    // Not more than that it does not open.
    declares: (error) => error instanceof Error && !error.message.includes('a secret'),
  },
])
