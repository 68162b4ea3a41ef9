import { isNativeError } from 'node:util/types'

/**
 * What is known of a command that failed.
 *
 * - `refused`: the server answered that it did not run it.
 * - `not_sent`: it never left this process.
 * - `unknown`: neither is certain.
 */
export interface RedisFailure {
  readonly kind: 'refused' | 'not_sent' | 'unknown'
  /** One word, safe to print: the first of the server's reply, or a system error code. */
  readonly reason: string
  /** Whether the server said so, and not the connection to it. */
  readonly byServer: boolean
}

/** The server answered in a shape that no script of this version has. */
export class UnexpectedReply extends Error {
  override readonly name = 'UnexpectedReply'
}

/** Replies that come before a command or script has changed anything. `ERR` may come after. */
const REFUSALS: ReadonlySet<string> = new Set([
  'ASK',
  'BUSY',
  'CLUSTERDOWN',
  'CROSSSLOT',
  'DENIED',
  'EXECABORT',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'MOVED',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'NOSCRIPT',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'WRONGTYPE',
])

/** Before Redis 7 an error inside a script carries its place in front: `@user_script: 9: -OOM …`. */
const FIRST_WORD = /^(?:@user_script: ?\d+: -)?([A-Z]{2,20})(?= |$)/
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,39}$/
/** What ioredis says of a command that it would have had to queue (`enableOfflineQueue: false`). */
const NOT_SENT = /enableOfflineQueue options is false$/

/** What else ioredis says without a code. */
const SAYINGS: ReadonlyMap<string, string> = new Map([
  ['Command timed out', 'timeout'],
  ['timeout', 'timeout'],
  ['Connection is closed.', 'connection_closed'],
])

/** A connection on which nothing came for too long. */
const SILENT = /^Socket timeout\./

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' && SYSTEM_CODE.test(error.code)
    ? error.code
    : 'unknown'

/**
 * Reduces an ioredis error to one word. The error itself must not travel on: it holds the arguments
 * of the command, and so what was written.
 */
export function classifyFailure(error: unknown): RedisFailure {
  const byConnection = { kind: 'unknown', byServer: false } as const
  if (!isNativeError(error)) return { ...byConnection, reason: 'unknown' }
  if (error instanceof UnexpectedReply) {
    return { kind: 'unknown', byServer: true, reason: 'unexpected_reply' }
  }
  if (error.name === 'ReplyError') {
    const reason = FIRST_WORD.exec(error.message)?.[1] ?? 'ERR'
    return { kind: REFUSALS.has(reason) ? 'refused' : 'unknown', byServer: true, reason }
  }
  if (NOT_SENT.test(error.message)) {
    return { kind: 'not_sent', byServer: false, reason: 'not_connected' }
  }
  // A cluster says no more than that all its nodes failed, and keeps the reason of the last.
  if ('lastNodeError' in error && isNativeError(error.lastNodeError)) {
    return { ...classifyFailure(error.lastNodeError), kind: 'unknown' }
  }
  if (SILENT.test(error.message)) return { ...byConnection, reason: 'timeout' }
  return { ...byConnection, reason: SAYINGS.get(error.message) ?? codeOf(error) }
}

/** Where a cluster says that a key is served, and whether `ASKING` must come before the command. */
export interface Redirection {
  readonly place: string
  readonly asking: boolean
}

/** Reads `MOVED <slot> <host>:<port>` and `ASK …`; undefined for any other error. */
export function redirectionOf(error: unknown): Redirection | undefined {
  if (!isNativeError(error) || error.name !== 'ReplyError') return undefined
  const [, word, place] = /^(MOVED|ASK) \d{1,5} (\S+:\d{1,5})$/.exec(error.message) ?? []
  return place === undefined ? undefined : { place, asking: word === 'ASK' }
}
