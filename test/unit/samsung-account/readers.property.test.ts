import { readCallback } from '../../../src/samsung-account/callback.ts'
import { readTokenResponse } from '../../../src/samsung-account/dialect.ts'
import { readRefusal } from '../../../src/samsung-account/refusal.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const responseOf = (status: number) => (body: string) => ({
  status,
  headers: new Map<string, string>(),
  body,
  requestedAt: 0,
  receivedAt: 1,
})

describeReaders([
  {
    name: 'readCallback',
    read: (query) => readCallback(new URLSearchParams(query)),
    good: [
      'code=abc&state=x&code_expires_in=300',
      `state=x&code=${encodeURIComponent('{"code":"abc","scode":"1"}')}`,
      'error=access_denied&state=x',
      'close=true&closedAction=cancel',
    ],
  },
  {
    name: 'readTokenResponse',
    read: (body) => readTokenResponse(responseOf(200)(body)),
    good: [
      '{"access_token":"a","refresh_token":"-1","expires_in":"3600"}',
      '{"access_token":"a","refresh_token":"r","access_token_expires_in":3600,"userId":"u"}',
    ],
  },
  {
    name: 'readRefusal',
    read: (body) => readRefusal(responseOf(400)(body)),
    good: [
      '{"error":"invalid_grant","error_code":"AUT_1805"}',
      '<error><code>AUT_1805</code></error>',
      '',
    ],
  },
])
