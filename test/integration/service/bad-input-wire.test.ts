import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { head, type RawAnswer, sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { expectNoTrace, expectPage, expectProblem, storeContent } from './bad-input.ts'

let rig: Rig
let before: ReadonlyMap<string, string>
let key: string
let conn: string

beforeAll(async () => {
  rig = await startRig()
  key = `Authorization: Bearer ${rig.stack.apiKey()}`
  conn = `/v1/connections/${await rig.connect('tenant-1')}`
  before = await storeContent(rig)
})
afterAll(() => rig?.close())

const JSON_TYPE = 'Content-Type: application/json'
const CHUNKED = 'Transfer-Encoding: chunked'
const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded'
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const LAST = '0\r\n\r\n'
/** Five chunks, together over every limit there is for a body. */
const TOO_MUCH = Array.from({ length: 20 }, () => chunk(' '.repeat(4096)))

const refusedBy = (name: string, answer: RawAnswer) => ({
  name,
  status: answer.status,
  contentType: answer.headers.get('content-type') ?? null,
  text: answer.body,
})

const CODES: Readonly<Record<number, string>> = {
  400: 'malformed_request',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  414: 'uri_too_long',
  422: 'invalid_request',
  431: 'headers_too_large',
}

const get = (target: string, ...lines: readonly string[]) => [
  head(`GET ${target} HTTP/1.1`, key, ...lines),
]
/** To the token route of the connection. */
const post = (lines: readonly string[], ...chunks: readonly string[]) => [
  head(`POST ${conn}/token HTTP/1.1`, key, ...lines),
  ...chunks,
]
const LIST = '/v1/connections'

describe('on the wire, the API refuses', () => {
  it.each<readonly [string, number, () => readonly string[]]>([
    ['obsolete line folding', 400, () => get(LIST, 'X-A: a\r\n folded')],
    [
      'a key that is folded',
      400,
      () => [head(`GET ${LIST} HTTP/1.1`, key.replace('Bearer ', 'Bearer\r\n '))],
    ],
    ['two keys, the good one first', 400, () => get(LIST, 'Authorization: Bearer x')],
    [
      'two keys, the good one last',
      400,
      () => [head(`GET ${LIST} HTTP/1.1`, 'Authorization: Bearer x', key)],
    ],
    [
      'two content types',
      400,
      () => post([JSON_TYPE, 'Content-Type: x/y', CHUNKED], chunk('{}') + LAST),
    ],
    ['two hosts', 400, () => get(LIST, 'Host: evil.example')],
    ['no host', 400, () => [`GET ${LIST} HTTP/1.1\r\n${key}\r\nConnection: close\r\n\r\n`]],
    ['two lengths', 400, () => post([JSON_TYPE, 'Content-Length: 2', 'Content-Length: 3'], '{}')],
    [
      'a length and chunks',
      400,
      () => post([JSON_TYPE, 'Content-Length: 2', CHUNKED], chunk('{}') + LAST),
    ],
    ['a length below zero', 400, () => post([JSON_TYPE, 'Content-Length: -1'])],
    ['a chunk without a size', 400, () => post([JSON_TYPE, CHUNKED], 'zz\r\n{}\r\n')],
    ['a name with a blank', 400, () => get(LIST, 'X A: 1')],
    ['a value with a zero byte', 400, () => get(LIST, 'X-A: a\u0000b')],
    ['a bare line feed in a value', 400, () => get(LIST, 'X-A: a\nX-Admin: 1\r')],
    ['a method that is none', 400, () => [head(`GEHT ${LIST} HTTP/1.1`, key)]],
    ['no version', 400, () => [`GET ${LIST}\r\n\r\n`]],
    ['TLS', 400, () => ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001']],
    ['an absolute target that is no URL', 400, () => get(`http://[${LIST}`)],
    ['an absolute target whose port is none', 400, () => get(`http://x:99999${LIST}`)],
    ['a target that is no path', 400, () => get('v1/connections')],
    ['broken percent-encoding in a path', 400, () => get(`${LIST}/%zz`)],
    ['a query that is not UTF-8', 400, () => get(`${LIST}?tenant_ref=%c3%28`)],
    ['a long target', 414, () => get(`${LIST}?x=${'a'.repeat(8192)}`)],
    ['one huge header', 431, () => get(LIST, `X-A: ${'a'.repeat(17_000)}`)],
    ['very many headers', 431, () => get(LIST, ...Array<string>(1900).fill('X-Abc: 1234'))],
    [
      'huge trailers',
      431,
      () => post([JSON_TYPE, CHUNKED], `${chunk('{}')}0\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`),
    ],
    ['chunks over the limit', 413, () => post([JSON_TYPE, CHUNKED], ...TOO_MUCH, LAST)],
    ['a huge body that never comes', 413, () => post([JSON_TYPE, 'Content-Length: 999999999'])],
    [
      'fields in the body of a GET',
      422,
      () => [...get(conn, JSON_TYPE, 'Content-Length: 7'), '{"a":1}'],
    ],
    [
      'a DELETE that would like to be something else',
      422,
      () => [
        head(`DELETE ${conn} HTTP/1.1`, key, JSON_TYPE, CHUNKED),
        chunk('{"dry_run":true}') + LAST,
      ],
    ],
    ['TRACE', 405, () => [head(`TRACE ${LIST} HTTP/1.1`, key)]],
  ])('%s', async (name, status, chunks) => {
    const answer = await sendRaw(rig.stack.url, ...chunks())

    const body = expectProblem(refusedBy(name, answer))
    expect([answer.status, body.code]).toEqual([status, CODES[status]])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-trace-id')).toBe(body.trace_id)
    expect(answer.text).not.toMatch(/x-powered-by|evil\.example/i)
    expect(answer.text.match(/HTTP\/1\.1 [2-5]\d\d/g)).toHaveLength(1)
    await expectNoTrace(rig, before)
  })
})

describe('on the wire, pages refuse', () => {
  it.each<readonly [string, () => readonly string[], number]>([
    [
      'a long callback',
      () => [head(`GET /callback/emm-eu?state=${'a'.repeat(8192)} HTTP/1.1`)],
      414,
    ],
    [
      'a cookie twice',
      () => [
        head('GET /callback/emm-eu?code=a&state=b HTTP/1.1', 'Cookie: __Host-a=1; __Host-a=2'),
      ],
      400,
    ],
    [
      'two cookie headers',
      () => [
        head(
          'GET /callback/emm-eu?code=a&state=b HTTP/1.1',
          'Cookie: __Host-a=1',
          'Cookie: __Host-a=2',
        ),
      ],
      400,
    ],
    [
      'a huge cookie',
      () => [
        head('GET /callback/emm-eu?code=a&state=b HTTP/1.1', `Cookie: a=${'b'.repeat(13_000)}`),
      ],
      431,
    ],
    [
      'chunks over the limit',
      () => [head('POST /callback/emm-eu HTTP/1.1', FORM_TYPE, CHUNKED), ...TOO_MUCH, LAST],
      413,
    ],
    [
      'a body that is announced and never sent',
      () => [head('POST /callback/emm-eu HTTP/1.1', FORM_TYPE, 'Content-Length: 999999999')],
      413,
    ],
    [
      'an absolute target of somebody else',
      () => [head('GET http://evil.example/callback/emm-eu?code=a HTTP/1.1')],
      400,
    ],
    ['two slashes', () => [head('GET //callback/emm-eu?code=a&state=b HTTP/1.1')], 404],
    ['another case', () => [head('GET /Callback/emm-eu?code=a&state=b HTTP/1.1')], 404],
  ])('%s', async (name, chunks, status) => {
    const answer = await sendRaw(rig.stack.url, ...chunks())

    expectPage(refusedBy(name, answer))
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(answer.text).not.toContain('evil.example')
    await expectNoTrace(rig, before)
  })
})

describe('on the wire, the API', () => {
  it('takes what is only unusual: absolute form, HTTP/1.0, odd case, an empty chunked body', async () => {
    for (const [method, ...chunks] of [
      ['GET', head('GET http://anything.example/v1/connections HTTP/1.1', key)],
      ['GET', `GET /v1/connections HTTP/1.0\r\n${key}\r\n\r\n`],
      ['GET', head('GET /v1/connections HTTP/1.1', key.replace('Authorization', 'aUTHORIZATION'))],
      ['POST', head(`POST ${conn}/token HTTP/1.1`, key, CHUNKED), LAST],
      [
        'POST',
        head(
          `POST ${conn}/token HTTP/1.1`,
          key,
          'Expect: 100-continue',
          JSON_TYPE,
          'Content-Length: 2',
        ),
        '{}',
      ],
    ] as const) {
      const answer = await sendRaw(rig.stack.url, ...chunks)
      expect([method, answer.status]).toEqual([method, 200])
    }
  })

  it('answers once where a second request hides behind a first', async () => {
    const smuggled = head('DELETE /v1/connections/x HTTP/1.1', key)
    const [first, last] = [
      `POST ${conn}/token HTTP/1.1\r\nHost: x\r\n${key}\r\nContent-Length: ${smuggled.length}`,
      `POST ${conn}/token HTTP/1.1\r\nHost: x\r\n${key}\r\nTransfer-Encoding: x, chunked`,
    ]
    const asBody = await sendRaw(
      rig.stack.url,
      `${first}\r\n${JSON_TYPE}\r\nConnection: close\r\n\r\n${smuggled}`,
    )
    const asChunks = await sendRaw(
      rig.stack.url,
      `${last}\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
    )

    expect(asBody.text.match(/HTTP\/1\.1 \d\d\d/g)).toEqual(['HTTP/1.1 400'])
    expect(asChunks.text.match(/HTTP\/1\.1 \d\d\d/g)).toEqual(['HTTP/1.1 400'])
  })
})
