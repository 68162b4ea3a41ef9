import { type Connection, consentBinding, parseRecord } from '../../src/vault/record.ts'
import { documentKey } from '../../src/vault/store.ts'
import type { Exchange, RedisFaultProxy } from '../../test/support/redis-fault-proxy.ts'
import type { Link } from '../../test/support/tcp-link.ts'

/** What a write to a connection's record is. */
export type WriteKind = 'begin' | 'commit' | 'other'

/** An attempt whose intent was stored. */
export interface StoredIntent {
  readonly connectionId: string
  readonly attempt: string
  readonly generation: number
  readonly recovering: boolean
}

/** The connection that a command stores, or null when it stores none. */
export function writtenConnection({ command }: Exchange): Connection | null {
  const text = command.find((argument) => /^\{.*"type":"connection"/.test(argument))
  const record = text === undefined ? undefined : parseRecord(text)
  return record?.type === 'connection' ? record : null
}

/**
 * Tells what a write of a connection is.
 *
 * @param generation - The connection's generation before anything was done to it.
 */
export function kindOfWrite(connection: Connection, generation: number): WriteKind {
  if (connection.generation > generation) return 'commit'
  return consentBinding(connection).refresh.state === 'refreshing' ? 'begin' : 'other'
}

/** Matches a `WAIT` that stands behind such a write on its connection. */
export function waitBehind(
  proxy: RedisFaultProxy,
  isWrite: (exchange: Exchange) => boolean,
): (exchange: Exchange) => boolean {
  const last = new WeakMap<Link, boolean>()
  proxy.on({
    at: 'command',
    times: Number.POSITIVE_INFINITY,
    matches: (exchange) => writtenConnection(exchange) !== null,
    act(exchange) {
      last.set(exchange.link, isWrite(exchange))
      return 'pass'
    },
  })
  return ({ command: [name = ''], link }) => /^wait$/i.test(name) && last.get(link) === true
}

/** Whether a command is about a connection's record. */
export const concerns =
  (connectionId: string) =>
  ({ command }: Exchange): boolean =>
    command.includes(documentKey(connectionId))

/** Collects every intent that Redis has taken through a proxy; what is sent twice counts once. */
export function collectIntents(proxy: RedisFaultProxy): readonly StoredIntent[] {
  const intents: StoredIntent[] = []
  proxy.on({
    at: 'reply',
    times: Number.POSITIVE_INFINITY,
    matches: (exchange) => writtenConnection(exchange) !== null && isApplied(exchange),
    act(exchange) {
      const intent = intentOf(writtenConnection(exchange))
      const isNew = intents.every(({ attempt }) => attempt !== intent?.attempt)
      if (intent !== null && isNew) intents.push(intent)
      return 'pass'
    },
  })
  return intents
}

const isApplied = ({ reply }: Exchange): boolean =>
  Array.isArray(reply) && (reply[0] === 'won' || reply[0] === 'already')

function intentOf(connection: Connection | null): StoredIntent | null {
  if (connection === null) return null
  const { state, attempt, recovering } = consentBinding(connection).refresh
  if (state !== 'refreshing' || attempt === undefined) return null
  const { id, generation } = connection
  return { connectionId: id, attempt, generation, recovering: recovering === true }
}
