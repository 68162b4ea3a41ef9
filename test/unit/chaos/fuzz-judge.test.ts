import { describe, expect, it } from '@jest/globals'
import type { RawAnswer } from '../../../chaos/fuzz/answers.ts'
import { parseAnswers } from '../../../chaos/fuzz/answers.ts'
import { sampleExchanges } from '../../../chaos/fuzz/exchanges.ts'
import { judgeAnswer } from '../../../chaos/fuzz/judge-answer.ts'

const QUIET = { isSamsungIll: false, asksForDocument: false, named: ['http://localhost:3999/acme'] }

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-type': 'application/problem+json',
}

function answer(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): RawAnswer {
  return { status, body, headers: new Map(Object.entries({ ...HEADERS, ...headers })) }
}

const problem = (code: string, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ code, trace_id: 'a'.repeat(32), ...more })

describe('the judge of a fuzzed answer', () => {
  it.each([
    ['a refusal', answer(404, problem('not_found'))],
    ['a refusal that waits', answer(503, problem('overloaded'), { 'retry-after': '1' })],
    [
      "a portal's own address",
      answer(409, problem('consent_required', { connect_url: 'http://localhost:3999/acme/x' })),
    ],
    ['an answer', answer(200, '{"id":1}', { 'content-type': 'application/json' })],
    [
      'a page',
      answer(404, '<html lang="en"></html>', { 'content-type': 'text/html; charset=utf-8' }),
    ],
  ])('finds nothing wrong with %s', (_, given) => {
    expect(judgeAnswer(given, QUIET)).toEqual([])
  })

  it.each([
    ['a defect', answer(500, problem('internal_error')), /internal_error/],
    [
      'a store that is away',
      answer(503, problem('store_unavailable'), { 'retry-after': '1' }),
      /store/,
    ],
    ['a shedder without Retry-After', answer(503, problem('overloaded')), /without Retry-After/],
    ['Samsung, when it is well', answer(502, problem('upstream_unreachable')), /upstream/],
    ['a code of another status', answer(400, problem('not_found')), /of status 404/],
    ['a code that is none', answer(400, problem('oops')), /is none/],
    [
      'a stack',
      answer(404, problem('not_found', { detail: 'at x (/work/a.ts:1)' })),
      /its body says/,
    ],
    ['a host', answer(404, problem('not_found', { detail: '127.0.0.1' })), /its body says/],
    ['a library', answer(404, problem('not_found', { detail: 'ZodError' })), /its body says/],
    [
      'an answer that may be kept',
      answer(404, problem('not_found'), { 'cache-control': 'public' }),
      /cache/,
    ],
    ['plain text', answer(400, 'Bad Request', { 'content-type': 'text/plain' }), /neither/],
    [
      'a page with a script',
      answer(400, '<html><script></html>', { 'content-type': 'text/html; charset=utf-8' }),
      /script/,
    ],
    ['a header from outside', answer(404, problem('not_found'), { 'x-injected': '1' }), /injected/],
    ['a 401 that does not say how', answer(401, problem('invalid_api_key')), /WWW-Authenticate/],
  ])('finds %s', (_, given, what) => {
    expect(judgeAnswer(given, QUIET).join()).toMatch(what)
  })

  it('lets Samsung be named when it is ill', () => {
    const given = answer(502, problem('upstream_unreachable'))
    expect(judgeAnswer(given, { ...QUIET, isSamsungIll: true })).toEqual([])
  })
})

describe('the reader of a connection', () => {
  it('splits answers with a length, with chunks, and to HEAD', () => {
    const text =
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' +
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n0\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 2'
    const { answers, rest } = parseAnswers(text, ['HEAD', 'GET', 'GET', 'GET'], false)

    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, ''],
      [200, 'abc'],
      [404, 'hi'],
    ])
    expect(rest).toBe('HTTP/1.1 2')
  })

  it('says when something else stands where an answer should begin', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi there\r\n\r\n'
    expect(() => parseAnswers(text, ['GET', 'GET'], false)).toThrow(RangeError)
  })
})

describe('fuzzed exchanges', () => {
  it('are the same for the same seed, and others for another', () => {
    const one = sampleExchanges(200, 1)
    expect(sampleExchanges(200, 1)).toEqual(one)
    expect(sampleExchanges(200, 2)).not.toEqual(one)
    expect(one.reduce((sum, { requests }) => sum + requests.length, 0)).toBeGreaterThanOrEqual(200)
  })
})
