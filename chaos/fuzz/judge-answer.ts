import { ERRORS, type ErrorCode } from '../../src/shared/errors.ts'
import type { RawAnswer } from './answers.ts'

/** What an answer may hold depends on what happens around it. */
export interface Circumstances {
  /** Samsung is, or was a moment ago, not well. */
  readonly isSamsungIll: boolean
  /** The description of the API is asked for, which is the same for all and may be kept. */
  readonly asksForDocument: boolean
  /** Texts that stand on pages and in problem documents, and name hosts: the portal's own URLs. */
  readonly named: readonly string[]
}

/** Stack frames, paths, hosts, names of libraries and of errors that are not ours. */
const GIVEN_AWAY =
  /\bat (?:async )?\S+ \(|\bnode:|node_modules|\/(?:src|dist|tmp|home|work|root|views)\/|\.[mc]?[jt]s:\d|(?:Zod|Syntax|Type|Range|Reference|Reply)Error|Cannot (?:GET|POST|DELETE|PUT|HEAD)|express|ioredis|openid|undici|redis:|ECONN|127\.0\.0\.1|localhost|::1\b/i

const KEPT_TYPES = /^(?:text\/css|image\/svg)/

/** What may be kept: the files of pages, and the description of the API. */
function mayBeKept({ status, headers, body }: RawAnswer, around: Circumstances): boolean {
  if (status === 304 || KEPT_TYPES.test(headers.get('content-type') ?? '')) return true
  const isDocument = body === '' || body.startsWith('{"openapi"')
  return status === 200 && around.asksForDocument && isDocument
}

/** What is wrong with an answer; nothing, when it is in order. */
export function judgeAnswer(answer: RawAnswer, around: Circumstances): readonly string[] {
  const { status, headers } = answer
  const wrong: string[] = []
  if (headers.has('x-injected')) wrong.push('a header was injected')
  if (headers.has('x-powered-by')) wrong.push('it says what it is made with')
  if (headers.has('access-control-allow-origin')) wrong.push('it opens itself to other origins')
  if (headers.get('x-content-type-options') !== 'nosniff') wrong.push('nosniff is missing')
  if (!mayBeKept(answer, around) && headers.get('cache-control') !== 'no-store')
    wrong.push(`cache-control is ${headers.get('cache-control')}`)
  const refusal = status >= 400 ? judgeRefusal(answer, around) : judgeSuccess(answer)
  return [...wrong, ...refusal].map((what) => `${status}: ${what}`)
}

function judgeRefusal(answer: RawAnswer, around: Circumstances): readonly string[] {
  const { status, headers, body } = answer
  const wrong: string[] = []
  if (status === 401 && !headers.has('www-authenticate')) wrong.push('WWW-Authenticate is missing')
  if (status === 405 && !headers.has('allow')) wrong.push('Allow is missing')
  const told = around.named.reduce((text, name) => text.replaceAll(name, ''), body)
  const given = GIVEN_AWAY.exec(told)
  if (given !== null) wrong.push(`its body says ${JSON.stringify(given[0])}`)
  const type = headers.get('content-type') ?? ''
  // An answer to HEAD has the headers only.
  if (body === '' && headers.get('content-length') !== '0') return wrong.concat(judgeStatus(status))
  if (type === 'application/problem+json') return wrong.concat(judgeProblem(answer, around))
  if (type === 'text/html; charset=utf-8') return wrong.concat(judgePage(answer))
  if (isReadiness(body)) return wrong
  return [...wrong, `it is neither a problem document nor a page, but ${JSON.stringify(type)}`]
}

const isReadiness = (body: string): boolean => body === '{"status":"not_ready"}'

const judgeStatus = (status: number): readonly string[] =>
  status === 500 || status === 501 ? ['a defect'] : []

function judgeProblem(
  { status, headers, body }: RawAnswer,
  { isSamsungIll }: Circumstances,
): readonly string[] {
  const { code, trace_id } = readJson(body)
  const rule = Object.hasOwn(ERRORS, String(code)) ? ERRORS[code as ErrorCode] : undefined
  if (rule === undefined) return [`code ${JSON.stringify(code)} is none`]
  const wrong: string[] = []
  if (rule.status !== status) wrong.push(`${code} is of status ${rule.status}`)
  if (!/^[0-9a-f]{32}$/.test(String(trace_id))) wrong.push('it has no trace id')
  if (status === 503 && rule.retryable && !headers.has('retry-after'))
    wrong.push(`${code} without Retry-After`)
  const isAllowed =
    String(code) === 'overloaded' || (isSamsungIll && isOfSamsung(rule, String(code)))
  if (status >= 500 && !isAllowed) wrong.push(`${code}`)
  return wrong
}

/** What is said when Samsung is not well; a breaker that has opened says the same of the operator. */
const isOfSamsung = ({ owner }: { readonly owner: string }, code: string): boolean =>
  owner === 'samsung' || code === 'upstream_refused_client'

function judgePage({ status, body }: RawAnswer): readonly string[] {
  const wrong: string[] = []
  if (!body.includes('</html>')) wrong.push('the page is not whole')
  if (/<script|javascript:|onerror=/i.test(body)) wrong.push('the page holds a script')
  if (status >= 500 && status !== 503) wrong.push('a page of a defect')
  return wrong
}

function judgeSuccess({ status, headers, body }: RawAnswer): readonly string[] {
  const type = headers.get('content-type') ?? ''
  if (body === '') return []
  if (type.startsWith('text/html')) return judgePage({ status, headers, body })
  if (type.startsWith('application/json') && readJson(body) === NOTHING)
    return ['a body that is no JSON']
  return []
}

const NOTHING: Readonly<Record<string, unknown>> = {}

function readJson(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body, 'latin1').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : NOTHING
  } catch {
    return NOTHING
  }
}
