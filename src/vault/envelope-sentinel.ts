import { randomBytes } from 'node:crypto'
import { ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import type { KeyRing } from './envelope.ts'
import { documentKey, type ReadResult, type Store } from './store.ts'

const ID = 'sentinel'
const KEY = documentKey(ID)
const FORMAT = 1
/** Processes that start together each lose one race at most; more means that the store is unwell. */
const MAX_ROUNDS = 10

/** A probe wrapped by each key that ever was active, by `kid`. */
type Probes = ReadonlyMap<string, string>

/** Reads the document's text; null when this service did not write it. */
function parseProbes(text: string): Probes | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('probes' in value)) return null
    if (!('v' in value) || value.v !== FORMAT) return null
    if (typeof value.probes !== 'object' || value.probes === null) return null
    const probes = new Map(Object.entries(value.probes))
    return [...probes.values()].every((probe) => typeof probe === 'string') ? probes : null
  } catch {
    return null
  }
}

async function opens(keyRing: KeyRing, wrapped: string): Promise<boolean> {
  try {
    const probe = await keyRing.unwrap(wrapped, ID)
    probe.fill(0)
    return true
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'record_unreadable') return false
    throw error
  }
}

/**
 * Whether the ring is the one the store's records were wrapped with: a probe that it has a key for
 * exists, and every such probe opens. So another key under a known `kid` is found, too.
 */
async function matches(keyRing: KeyRing, probes: Probes): Promise<boolean> {
  const ours = keyRing.kids().flatMap((kid) => probes.get(kid) ?? [])
  const results = await Promise.all(ours.map((probe) => opens(keyRing, probe)))
  return results.length > 0 && results.every(Boolean)
}

/** Writes probes in the place of what was read. False when somebody else wrote meanwhile. */
async function replaceProbes(
  store: Store,
  { document }: ReadResult,
  probes: Probes,
): Promise<boolean> {
  const text = JSON.stringify({ v: FORMAT, probes: Object.fromEntries(probes) })
  const { outcome } = await store.compareAndSet(KEY, document?.revision ?? 0, text, newAttemptId())
  return outcome === 'won' || outcome === 'already'
}

async function withProbe(probes: Probes, keyRing: KeyRing): Promise<Probes> {
  const probe = await keyRing.wrap(randomBytes(32), ID)
  return new Map([...probes, [keyRing.activeKid, probe]])
}

/**
 * Proves at start that the key ring opens what is in the store, before anything is written with it.
 *
 * Keeps one probe per `kid` in `kg:{sentinel}` and adds one when a new key becomes active. A probe
 * whose key has left the ring is passed over. Never takes one away or replaces it.
 *
 * @returns `created` when there was no probe at all; `mismatch` when none can be opened, or one that
 * the ring has a key for cannot: readiness is red then, and nothing was written.
 * @throws ServiceError `store_unavailable`, or what a remote key ring throws when it does not answer.
 */
export async function checkSentinel(
  store: Store,
  keyRing: KeyRing,
): Promise<'ok' | 'created' | 'mismatch'> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const read = await store.read(KEY)
    const probes: Probes | null =
      read.document === null ? new Map() : parseProbes(read.document.text)
    if (probes === null) return 'mismatch'
    if (read.document !== null && !(await matches(keyRing, probes))) return 'mismatch'
    if (probes.has(keyRing.activeKid)) return 'ok'
    if (await replaceProbes(store, read, await withProbe(probes, keyRing))) {
      return read.document === null ? 'created' : 'ok'
    }
  }
  throw new ServiceError('store_unavailable')
}

/** What the probes say about a ring. */
export interface SentinelReport {
  /** Whether the ring fits: see {@link checkSentinel}. Also when there is no probe yet. */
  readonly fits: boolean
  /** Names of the keys that have a probe: each was active once, and has not been released since. */
  readonly kids: readonly string[]
}

/** Compares the ring with the probes, and writes nothing. @throws ServiceError `store_unavailable` */
export async function readSentinel(store: Store, keyRing: KeyRing): Promise<SentinelReport> {
  const { document } = await store.read(KEY)
  if (document === null) return { fits: true, kids: [] }
  const probes = parseProbes(document.text)
  if (probes === null) return { fits: false, kids: [] }
  return { fits: await matches(keyRing, probes), kids: [...probes.keys()] }
}

/**
 * Takes the probes of keys away that no record needs any more. From then on a process may start without
 * them unnoticed, and one that has nothing but them does not fit.
 *
 * @throws ServiceError `store_unavailable`
 */
export async function releaseProbes(store: Store, kids: readonly string[]): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const read = await store.read(KEY)
    const probes = read.document === null ? null : parseProbes(read.document.text)
    const left = [...(probes ?? [])].filter(([kid]) => !kids.includes(kid))
    if (probes === null || left.length === probes.size) return
    if (await replaceProbes(store, read, new Map(left))) return
  }
  throw new ServiceError('store_unavailable')
}
