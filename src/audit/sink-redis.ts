import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { parseRedisUrl } from '../shared/redis-url.ts'
import type { Secret } from '../shared/secret.ts'
import { classifyFailure } from '../vault/redis-errors.ts'
import { openRedisLink, type RedisLink } from '../vault/store-redis-link.ts'
import { canonical } from './entry.ts'
import { AuditNotWritten, type AuditSink, type StoredEntry } from './sink.ts'

/** Key of the trail: one stream, in one slot with what is known of each process's chain. */
export const AUDIT_KEY = 'kg:{audit}'
/** Key of the number of the newest entry of a process. */
export const auditHeadKey = (processId: string): string => `${AUDIT_KEY}:${processId}`

/**
 * Adds entries that follow each other, those that are not there yet.
 *
 * A command may reach the server twice, so how far a chain has come is kept beside the stream. Adding comes
 * first: the server asks for memory before the first write of a script only. Trimming comes last, and is
 * not tried with care: where it is not permitted somebody has to notice.
 *
 * KEYS: stream, number of the newest entry. ARGV: most entries, retention in ms, number of the first
 * entry, 'gap' if entries before it may be missing, the entries.
 * Returns: -1, or the number of the newest entry when some are missing after it.
 */
const APPEND = `
local now = redis.call('TIME')
local newest = tonumber(redis.call('GET', KEYS[2]) or '0')
local seq = tonumber(ARGV[3])
if newest < seq - 1 and ARGV[4] ~= 'gap' then return newest end
for i = 5, #ARGV do
  if seq > newest then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'entry', ARGV[i])
    newest = seq
  end
  seq = seq + 1
end
redis.call('SET', KEYS[2], newest, 'PX', ARGV[2])
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(ARGV[2])
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest))
return -1
`

const PAGE = 500

/** What Redis 7 says, by a plain `ERR`, of a command that a script may not run. */
const FORBIDDEN = /^ERR The user executing the script can't run this command/

const reasonOf = (error: unknown): string =>
  error instanceof Error && FORBIDDEN.test(error.message) ? 'NOPERM' : classifyFailure(error).reason

export interface RedisAuditSinkDeps {
  readonly url: Secret
  /** For one call, and for a connection to come back before it. */
  readonly timeoutMs: number
  /** Entries go at this age, a few later. */
  readonly retentionMs: number
  /** The oldest go when there are more, about. */
  readonly maxEntries: number
  readonly log: Log
}

/**
 * Keeps the trail in a Redis stream, over a connection of its own that is opened by the first call: a
 * batch of entries never stands in the way of a request.
 */
export function createRedisAuditSink(deps: RedisAuditSinkDeps): AuditSink {
  const { timeoutMs, retentionMs, maxEntries } = deps
  let opened: RedisLink | undefined

  async function connected(): Promise<RedisLink['client']> {
    opened ??= openRedisLink(parseRedisUrl(deps.url.reveal()), deps)
    if (await opened.becomesReady(timeoutMs)) return opened.client
    throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
  }

  async function page(from: string, to: string): Promise<readonly StoredEntry[]> {
    try {
      const client = await connected()
      const found = await client.xrange(AUDIT_KEY, from, to, 'COUNT', PAGE)
      return found.map(([id, fields]) => ({ id, text: fields[fields.indexOf('entry') + 1] ?? '' }))
    } catch (error) {
      if (error instanceof ServiceError) throw error
      const { reason } = classifyFailure(error)
      throw new ServiceError('store_unavailable', { detail: reason, retryAfterSeconds: 1 })
    }
  }

  return {
    async append(entries, { afterGap = false } = {}) {
      const [first] = entries
      if (first === undefined) return 'ok'
      const keys = [AUDIT_KEY, auditHeadKey(first.process)]
      const limits = [maxEntries, retentionMs, first.seq, afterGap ? 'gap' : '']
      try {
        const client = await connected()
        const reply = await client.eval(APPEND, 2, ...keys, ...limits, ...entries.map(canonical))
        return reply === -1 ? 'ok' : { newest: Number(reply) }
      } catch (error) {
        if (error instanceof ServiceError) throw new AuditNotWritten('not_connected')
        throw new AuditNotWritten(reasonOf(error))
      }
    },

    async *read({ since, until } = {}) {
      const to = until === undefined ? '+' : String(until)
      let from = since === undefined ? '-' : String(since)
      for (;;) {
        const entries = await page(from, to)
        yield* entries
        const last = entries.at(-1)
        if (last === undefined || entries.length < PAGE) return
        from = `(${last.id}`
      }
    },

    close: async () => opened?.close(),
  }
}
