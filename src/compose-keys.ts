import type { Metrics } from './admin/metrics.ts'
import type { Audit } from './audit/audit.ts'
import type { Config } from './config/config.ts'
import { ServiceError } from './shared/errors.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'
import type { Envelope, KeyRing } from './vault/envelope.ts'
import { createEnvelope } from './vault/envelope-keys.ts'
import { checkSentinel, readSentinel } from './vault/envelope-sentinel.ts'
import { createKeyRing } from './vault/key-ring.ts'
import { createRecordCheck, type RecordCheck } from './vault/record-check.ts'
import type { Store } from './vault/store.ts'
import { createUnreadableConnections, type UnreadableConnections } from './vault/unreadable.ts'

/** What is known of the ring since the start. */
export interface KeyRingState {
  /** Whether it is the one that the store's records were wrapped with. */
  readonly opens: boolean
  readonly activeKid: string
  readonly kids: readonly string[]
  /** Keys that the ring lacks and that stored records may still need. */
  readonly missing: readonly string[]
}

/** What seals and opens, and what is known of all that does not open. */
export interface Keys {
  readonly envelope: Envelope
  readonly state: KeyRingState
  readonly check: RecordCheck
  readonly unreadable: UnreadableConnections
}

/** An opened data key is kept this long, for this many documents. */
const DATA_KEY_CACHE = { cacheMs: 300_000, maxEntries: 20_000 }
/** Looking over all records must not push out what hand-outs need. */
const NO_CACHE = { cacheMs: 1, maxEntries: 1 }

const refuseToSeal = (): Promise<never> => Promise.reject(new ServiceError('record_unreadable'))

/** Wires the key ring. @throws ServiceError `store_unavailable` */
export async function composeKeys(deps: {
  readonly vaultKeys: Config['vaultKeys']
  readonly store: Store
  readonly metrics: Metrics
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
  readonly clock: Clock
}): Promise<Keys> {
  const { vaultKeys, store, metrics, audit, log, clock } = deps
  const keyRing = createKeyRing(vaultKeys)
  const state = await compareWithStore(store, keyRing, log)
  const unreadable = createUnreadableConnections(log, audit)
  metrics.unreadable(unreadable.count)
  const onUnreadable = unreadable.found
  const sealing = createEnvelope({ keyRing, ...DATA_KEY_CACHE, clock, onUnreadable })
  return {
    // Nobody could open what wrong keys have sealed, once the right ones are back.
    envelope: state.opens ? sealing : { ...sealing, create: refuseToSeal },
    state,
    check: createRecordCheck(createEnvelope({ keyRing, ...NO_CACHE, clock }), keyRing.kids()),
    unreadable,
  }
}

/** Says at once what a start with these keys means; how many records it concerns takes a pass over all. */
async function compareWithStore(store: Store, keyRing: KeyRing, log: Log): Promise<KeyRingState> {
  const opens = (await checkSentinel(store, keyRing)) !== 'mismatch'
  if (!opens)
    log.error('key_ring_mismatch', { reason: 'the vault keys do not open what is stored' })
  const kids = keyRing.kids()
  const { kids: needed } = await readSentinel(store, keyRing)
  const missing = needed.filter((kid) => !kids.includes(kid))
  if (missing.length > 0) log.error('vault_key_missing', { kids: missing })
  return { opens, activeKid: keyRing.activeKid, kids, missing }
}
