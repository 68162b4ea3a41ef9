import { readAccessToken, readKnoxError, readTokenExpiry } from '../../../src/knox/wire.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const payload = Buffer.from('{"exp":1700000000}').toString('base64url')

describeReaders([
  { name: 'readAccessToken', read: readAccessToken, good: ['{"accessToken":"a.b.c"}'] },
  {
    name: 'readTokenExpiry',
    read: (token) => readTokenExpiry(new Secret(token)),
    good: [`e30.${payload}.c2ln`],
  },
  {
    name: 'readKnoxError',
    read: (body) => readKnoxError(400, body),
    good: [
      '{"code":4010011,"message":"expired","errorId":"x"}',
      '{"error":{"code":["4002250"],"message":["reused"]}}',
      '',
    ],
  },
])
