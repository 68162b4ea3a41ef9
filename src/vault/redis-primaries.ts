import { parseInfo } from './redis-facts.ts'

/** What a server says of itself when it is asked who it is. */
export type Identity =
  | { readonly kind: 'primary'; readonly era: string; readonly keys: number }
  | { readonly kind: 'replica' }
  /** A primary for all that is known, and it will not say which. */
  | { readonly kind: 'unknown' }

/**
 * Reads who a server is from its `INFO` answer.
 *
 * Its era ends with the process (`run_id`) and with its time as primary: `master_replid` is new for every
 * one that takes over, also if it had that place before. Within an era nothing acknowledged gets lost, but
 * for what an operator deletes.
 *
 * @param info - null when it refused to answer.
 * @param db - The database whose keys are counted.
 */
export function identityOf(info: string | null, db: number): Identity {
  const parsed = parseInfo(info ?? '')
  const role = parsed.get('role')
  if (role !== undefined && role !== 'master') return { kind: 'replica' }
  const era = ['run_id', 'master_replid'].flatMap((name) => parsed.get(name) ?? []).join(' ')
  if (era === '') return { kind: 'unknown' }
  const [, keys = '0'] = /^keys=(\d+)/.exec(parsed.get(`db${db}`) ?? '') ?? []
  return { kind: 'primary', era, keys: Number(keys) }
}

/** What is known of the server at one place. */
export interface Known {
  /** Its era and which slots it decides about; empty while it is a replica. */
  readonly who: string
  /** How many keys it has; absent when it does not say. */
  readonly keys?: number
}

/** What one answer of a server means. */
export interface Judgement {
  readonly known: Known
  /** Whether something else may decide now than what was known. */
  readonly changed: boolean
  /** Whether the server that was known to decide no longer does. */
  readonly demoted: boolean
}

/**
 * Compares what a server says with what was known at its place.
 *
 * @param slots - Those it decides about; empty outside a cluster.
 * @param connection - Counts connections. A server that will not say who it is may be another one after
 * each of them.
 */
export function judge(
  before: Known | undefined,
  identity: Identity,
  slots: string,
  connection: number,
): Judgement {
  if (identity.kind === 'replica') {
    const demoted = before !== undefined && before.who !== ''
    return { known: { who: '' }, changed: false, demoted }
  }
  const known: Known =
    identity.kind === 'unknown'
      ? { who: `connection ${connection} ${slots}` }
      : { who: `${identity.era} ${slots}`, keys: identity.keys }
  return { known, changed: before?.who !== known.who, demoted: false }
}

const SLOTS = 16_384

/**
 * Which slots each server decides about, as text that is equal when they are.
 *
 * @param slots - By slot: the addresses of its servers, the deciding one first.
 */
export function slotsByPlace(
  slots: readonly (readonly string[] | undefined)[],
): ReadonlyMap<string, string> {
  const ranges = new Map<string, string>()
  let from = 0
  for (let slot = 1; slot <= SLOTS; slot += 1) {
    const place = slots[from]?.[0]
    if (slot < SLOTS && slots[slot]?.[0] === place) continue
    if (place !== undefined) ranges.set(place, `${ranges.get(place) ?? ''}${from}-${slot - 1} `)
    from = slot
  }
  return ranges
}

/** How many keys there are on all servers together; null when one does not say. */
export function countKeys(known: readonly (Known | undefined)[]): number | null {
  let sum = 0
  for (const one of known) {
    if (one?.keys === undefined) return null
    sum += one.keys
  }
  return sum
}
