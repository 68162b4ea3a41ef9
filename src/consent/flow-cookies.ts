import type { ConnectSessionId } from '../shared/ids.ts'

const PREFIX = 'kg_'

/** Name, without `__Host-`, of the cookie that binds one session to one browser. */
export const flowCookieName = (id: ConnectSessionId): string => `${PREFIX}${id.slice('cs_'.length)}`

/** Sessions that one browser can be on its way with at a time. A cookie has 86 bytes. */
export const MAX_FLOWS = 16

/**
 * The flow cookies that have to go so that a new one can come: the oldest, until there is room.
 *
 * @param names - Of the cookies of a request, in their order: browsers send the oldest first
 *   (RFC 6265 §5.4).
 * @param own - The cookie that is about to be set.
 */
export function surplusFlows(names: Iterable<string>, own: string): readonly string[] {
  const others = [...names].filter((name) => name.startsWith(PREFIX) && name !== own)
  return others.slice(0, Math.max(0, others.length - (MAX_FLOWS - 1)))
}
