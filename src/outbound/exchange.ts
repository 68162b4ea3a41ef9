import { type Dispatcher, errors } from 'undici'
import type { Clock, EpochMs } from '../shared/time.ts'
import { ADDRESS_REFUSED } from './address-guard.ts'
import type { OutboundReason, OutboundRequest, OutboundResponse } from './outbound.ts'
import { createOutcome, type Outcome } from './outcome.ts'

/** What an answer's head tells, for the estimate of clock skew. Holds nothing secret. */
export interface ResponseFact {
  /** Host and port. */
  readonly host: string
  readonly status: number
  /** The `Date` header (RFC 9110 §6.6.1) as it came. */
  readonly dateHeader?: string
  /** It has an `Age`: the answer, its `Date` included, was kept by a cache (RFC 9111 §5.1). */
  readonly cached: boolean
  /** When the request began to be written. */
  readonly requestedAt: EpochMs
  /** When the head of the answer had been read. */
  readonly receivedAt: EpochMs
}

/** Reads what an answer's head tells; without a body, `receivedAt` is when the head had been read. */
export function factOf(host: string, answer: Omit<OutboundResponse, 'body'>): ResponseFact {
  const { status, headers, requestedAt, receivedAt } = answer
  const dateHeader = headers.get('date')
  const dated = dateHeader === undefined ? {} : { dateHeader }
  return { host, status, requestedAt, receivedAt, cached: headers.has('age'), ...dated }
}

export interface ExchangeContext {
  readonly clock: Clock
  readonly limitBytes: number
  /** Ends the exchange with `timeout`, wherever it is. */
  readonly signal: AbortSignal
  /** Whether it is to end, be it that `signal` does not say so yet: then nothing is sent any more. */
  readonly isOver: () => boolean
  readonly onResponse: (fact: ResponseFact) => void
}

/**
 * Makes one request and reads its answer, capped while it is read.
 *
 * Whether the request was `sent` is known, not guessed from an error: undici calls `onRequestStart`
 * right before it writes to an established connection. Whatever fails earlier (DNS, connection
 * refused, TLS handshake, certificate) was not sent; whatever fails later may have been.
 *
 * @throws OutboundError
 */
export function exchange(
  dispatcher: Dispatcher,
  url: URL,
  request: OutboundRequest,
  context: ExchangeContext,
): Promise<OutboundResponse> {
  return new Promise((resolve, reject) => {
    const handler = createHandler(url.host, context, createOutcome(context.signal, resolve, reject))
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
      },
      handler,
    )
  })
}

type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd' | 'onResponseError'
  >
>

/** Informational answers to one request; Samsung has no reason to send one. */
const MAX_INFORMATIONAL = 8

/** Reads one answer; undici calls it in the order of its members. */
function createHandler(host: string, context: ExchangeContext, outcome: Outcome): Handler {
  const { clock, limitBytes, isOver, onResponse } = context
  const chunks: Buffer[] = []
  let requestedAt = 0
  let head = { status: 0, headers: new Map<string, string>() }
  let size = 0
  let informational = 0

  return {
    onRequestStart(controller) {
      requestedAt = clock()
      if (isOver()) outcome.fail('timeout')
      outcome.start(controller)
    },
    onResponseStart(_controller, status, rawHeaders) {
      // A 1xx answer is followed by the real one.
      if (status < 200) {
        informational += 1
        if (informational > MAX_INFORMATIONAL) outcome.fail('unreadable')
        return
      }
      head = { status, headers: flatten(rawHeaders) }
      onResponse(factOf(host, { ...head, requestedAt, receivedAt: clock() }))
      const reason = refusalOfHead(status, head.headers, limitBytes)
      if (reason !== null) outcome.fail(reason)
    },
    onResponseData(_controller, chunk) {
      size += chunk.length
      if (size > limitBytes) outcome.fail('too_large')
      else chunks.push(chunk)
    },
    onResponseEnd() {
      const body = new TextDecoder().decode(Buffer.concat(chunks))
      outcome.succeed({ ...head, body, requestedAt, receivedAt: clock() })
    },
    onResponseError: (_controller, error) => outcome.fail(reasonOf(error)),
  }
}

/**
 * An encoding other than `identity`, or a transfer coding beside `chunked`, was not asked for, and its
 * size could not be capped.
 */
function refusalOfHead(
  status: number,
  headers: ReadonlyMap<string, string>,
  limitBytes: number,
): OutboundReason | null {
  if (status < 400 && status >= 300) return 'redirected'
  const encoding = headers.get('content-encoding')?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== 'identity') return 'unreadable'
  const coding = headers.get('transfer-encoding')?.trim().toLowerCase()
  if (coding !== undefined && coding !== 'chunked') return 'unreadable'
  return Number(headers.get('content-length')) > limitBytes ? 'too_large' : null
}

function flatten(
  raw: Readonly<Record<string, string | string[] | undefined>>,
): Map<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers.set(name.toLowerCase(), [value].flat().join(', '))
  }
  return headers
}

/** Error codes with a reason of their own; every other failure is `unreachable`. */
const REASONS: Readonly<Record<string, OutboundReason>> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  [ADDRESS_REFUSED]: 'address_not_allowed',
  UND_ERR_HEADERS_OVERFLOW: 'unreadable',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unreadable',
}

/** Says in a word why undici failed; its own words hold what was sent. */
export function reasonOf(error: Error): OutboundReason {
  if (error instanceof errors.HTTPParserError) return 'unreadable'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return REASONS[code] ?? 'unreachable'
}
