import { createHmac, type KeyObject } from 'node:crypto'

/** One request to a route that creates something. */
export interface KeyedCall {
  readonly portalId: string
  readonly apiKeyId: string
  /** Method and path. */
  readonly route: string
  readonly key: string
  /** As parsed. */
  readonly body: unknown
}

/** What a call is known by in the store: neither the caller's key nor the body can be read or guessed from it. */
export interface CallNames {
  /** The same for every call of one API key to one route with one idempotency key. */
  readonly id: string
  /** The same for equal bodies, whatever the order of their members and the space between them. */
  readonly fingerprint: string
}

/** @param key - Of purpose `idempotency`. */
export function nameCall(key: KeyObject, call: KeyedCall): CallNames {
  const digest = (...parts: readonly unknown[]): string =>
    createHmac('sha256', key).update(JSON.stringify(parts, inOrder)).digest('base64url')
  const { portalId, apiKeyId, route, body } = call
  const id = `idem_${digest('key', portalId, apiKeyId, route, call.key)}`
  return { id, fingerprint: digest('body', id, body) }
}

/** For `JSON.stringify`: the members of every object by their names. */
function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
