import { inParallel } from '../shared/in-parallel.ts'
import type { KeyRing } from './envelope.ts'
import type { RecordCheck, RecordFault } from './record-check.ts'
import { documentKey, type Store } from './store.ts'
import { holderOf, type KeyHolder, kidOf, parseKeyedRecord } from './stored-keys.ts'

/** How many records need one key, and what may be done with it. */
export interface KeyUse {
  readonly kid: string
  /** Whether it is the one that wraps. */
  readonly isActive: boolean
  readonly isInRing: boolean
  /** Records whose data key is wrapped with it. */
  readonly needs: Readonly<Record<KeyHolder, number>>
  /** Whether the ring can do without it: it is not active, and no record needs it. */
  readonly isSafeToDrop: boolean
}

export interface UnreadableRecord {
  readonly id: string
  readonly fault: RecordFault
}

/** Which stored records need which key. True of the time in which it was taken, record by record. */
export interface KeyInventory {
  /** The active key first, then the others of the ring, then those that the ring lacks. */
  readonly keys: readonly KeyUse[]
  /** Records that were looked at, those without a data key included. */
  readonly records: number
  /** In order of their ids. */
  readonly unreadable: readonly UnreadableRecord[]
  /** Connections that are readable and whose data key is wrapped with another key than the active one. */
  readonly outdated: readonly string[]
}

export interface InventoryDeps {
  readonly store: Store
  readonly keyRing: Pick<KeyRing, 'activeKid' | 'kids'>
  /** Whether a record can be opened, as far as is asked for. */
  readonly check: RecordCheck['keyOf']
  /** Keys that are listed also when neither the ring nor a record has them. */
  readonly alsoKids?: readonly string[]
}

/** Reads under way at once: enough to hide the way to the store, and not felt there. */
const CONCURRENCY = 8

/**
 * Looks at every stored document, whatever index it is in or not.
 *
 * @throws ServiceError `store_unavailable`; what the key ring throws when it has no answer.
 */
export async function takeKeyInventory(deps: InventoryDeps): Promise<KeyInventory> {
  const { store, keyRing, check, alsoKids = [] } = deps
  const needs = new Map<string, Record<KeyHolder, number>>()
  const unreadable: UnreadableRecord[] = []
  const outdated: string[] = []
  const seen = new Set<string>()
  let records = 0
  for (const kid of [...keyRing.kids(), ...alsoKids]) needs.set(kid, none())

  async function visit(id: string): Promise<void> {
    if (seen.has(id)) return
    seen.add(id)
    const { document } = await store.read(documentKey(id))
    // It has ended since it was found.
    if (document === null) return
    records += 1
    const holder = holderOf(id)
    const kid = kidIn(document.text)
    if (kid !== null) count(needs, kid, holder)
    const fault = await check(id, document.text)
    if (fault !== null) unreadable.push({ id, fault })
    else if (holder === 'connection' && kid !== null && kid !== keyRing.activeKid) outdated.push(id)
  }

  for await (const ids of store.documentIds('')) await inParallel(ids, CONCURRENCY, visit)
  const keys = [...needs].map(([kid, use]) => toKeyUse(kid, use, keyRing))
  return { keys, records, unreadable: unreadable.toSorted(byId), outdated }
}

const none = (): Record<KeyHolder, number> => ({ connection: 0, session: 0, other: 0 })

function count(needs: Map<string, Record<KeyHolder, number>>, kid: string, by: KeyHolder): void {
  const use = needs.get(kid) ?? none()
  use[by] += 1
  needs.set(kid, use)
}

function toKeyUse(
  kid: string,
  needs: Record<KeyHolder, number>,
  { activeKid, kids }: InventoryDeps['keyRing'],
): KeyUse {
  const isActive = kid === activeKid
  const isNeeded = Object.values(needs).some((records) => records > 0)
  return {
    kid,
    isActive,
    isInRing: kids().includes(kid),
    needs,
    isSafeToDrop: !isActive && !isNeeded,
  }
}

/** Also of a record that is damaged elsewhere: mended, it will need that key. */
function kidIn(text: string): string | null {
  try {
    return kidOf(parseKeyedRecord(text).dataKey ?? '')
  } catch {
    return null
  }
}

const byId = (a: UnreadableRecord, b: UnreadableRecord): number => (a.id < b.id ? -1 : 1)
