import { describe, expect, it } from '@jest/globals'
import { headerOf, requestHeaders, responseHeaders } from '../../../src/proxy/headers.ts'

const names = (raw: readonly string[]) => raw.filter((_, at) => at % 2 === 0)
const all = (list: readonly string[]) => list.flatMap((name) => [name, 'x'])

/** What neither side may say of itself to the other, in spellings that servers take for it. */
const NEVER = [
  ...['Authorization', 'Cookie', 'Set-Cookie', 'Proxy-Authorization', 'Proxy-Connection'],
  ...['X-Knox-ApiToken', 'x-knox-transactionId', 'X-WSM-Managed-TenantId', 'Forwarded'],
  ...['X-Forwarded-For', 'x-forwarded-host', 'X-Forwarded', 'X-Real-IP'],
  ...['X_Forwarded_For', 'x-forwarded_user', 'X_Knox_ApiToken', 'Transfer_Encoding'],
  ...['Connection', 'Keep-Alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade'],
  ...['Content-Length', 'X-Knoxgate-Error', 'X-Knoxgate-Retryable'],
]

describe('a request', () => {
  it.each(NEVER)('does not take %s along', (name) => {
    expect(requestHeaders([name, 'x', 'X-Own', '1'])).toEqual(['X-Own', '1'])
  })

  it.each([
    ...['Host', 'User-Agent', 'Accept-Encoding', 'Expect', 'X-Original-URL', 'X-Rewrite-URL'],
    ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X-Host', 'Via'],
  ])('does not take %s along, by which it would be another one', (name) => {
    expect(requestHeaders([name, 'x'])).toEqual([])
  })

  it('takes the rest along, as it came and as often', () => {
    const raw = ['Accept', 'a', 'CONTENT-Type', 'b', 'accept', 'c', 'If-None-Match', 'd']

    expect(requestHeaders(raw)).toEqual(raw)
  })
})

describe('an answer', () => {
  it.each(NEVER)('does not bring %s', (name) => {
    expect(responseHeaders([name, 'x', 'X-Own', '1'])).toEqual(['X-Own', '1'])
  })

  it.each([
    ...['WWW-Authenticate', 'Access-Control-Allow-Origin', 'Strict-Transport-Security'],
    ...['Clear-Site-Data', 'Alt-Svc', 'Content-Security-Policy', 'X-Trace-Id', 'RateLimit'],
  ])('does not bring %s, which is about an origin that is ours', (name) => {
    expect(responseHeaders([name, 'x'])).toEqual([])
  })

  it('brings the rest', () => {
    const kept = ['Retry-After', 'Content-Type', 'ETag', 'Location', 'Cache-Control', 'Date']

    expect(names(responseHeaders(all(kept)))).toEqual(kept)
  })
})

it.each([requestHeaders, responseHeaders])(
  'what Connection lists is for one hop only',
  (filter) => {
    const raw = [
      'Connection',
      'close, X-Hop',
      'x-hop',
      '1',
      'connection',
      ' X-Other ',
      'X-OTHER',
      '2',
    ]

    expect(filter([...raw, 'X-Third', '3'])).toEqual(['X-Third', '3'])
  },
)

it('a header is found whatever its letters, and a value is not taken for a name', () => {
  expect(headerOf(['etag', 'content-type', 'Content-Type', 'b'], 'content-type')).toBe('b')
  expect(headerOf(['etag', 'content-type'], 'content-type')).toBeUndefined()
})
