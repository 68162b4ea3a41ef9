import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Who a piece of work is done for.
 *
 * - `portal`: by a proven API key. `admin`: by a credential of the admin listener.
 * - `customer`: in a browser. `anonymous`: a request that has proven nothing.
 * - `process`: nobody asked; this process does it by itself.
 */
export interface Actor {
  readonly kind: 'portal' | 'admin' | 'customer' | 'anonymous' | 'process'
  readonly portalId?: string
  readonly apiKeyId?: string
  /** Of an `admin`. */
  readonly role?: string
  /** Of the request that the work began with, however long ago that was answered. */
  readonly traceId?: string
}

const PROCESS: Actor = { kind: 'process' }

const actors = new AsyncLocalStorage<{ actor: Actor }>()

/** Runs the work of a request, and all it leads to, on behalf of somebody who is not known yet. */
export const actForRequest = <T>(traceId: string, work: () => T): T =>
  actors.run({ actor: { kind: 'anonymous', traceId } }, work)

/** From now on this request's work is done for somebody who has proven who it is. Without a request: nothing. */
export function nameActor(actor: Omit<Actor, 'traceId'>): void {
  const held = actors.getStore()
  if (held !== undefined) held.actor = { ...held.actor, ...actor }
}

/** Who the present work is done for. */
export const currentActor = (): Actor => actors.getStore()?.actor ?? PROCESS
