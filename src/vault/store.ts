import type { EpochMs } from '../shared/time.ts'

/** A document as it is kept: opaque text, and what compare-and-set needs to know of it. */
export interface StoredDocument {
  /** Moves by one with every write; 0 stands for "not there". */
  readonly revision: number
  /**
   * The id of the write that made it: changes with every write and never comes back, not even when a
   * failover rolls `revision` back.
   */
  readonly version: string
  readonly text: string
}

export interface ReadResult {
  readonly document: StoredDocument | null
  /** The store's own clock; the only one leases are measured with. */
  readonly serverNow: EpochMs
}

/**
 * What became of a write.
 *
 * - `won`: it was applied by this call.
 * - `already`: it had been applied before, by an earlier sending of the same `writeId`.
 * - `lost`: the document had another revision; nothing was written.
 * - `ambiguous`: no answer came. It may or may not be applied: read again, or send the same
 *   `writeId` again.
 */
export type WriteOutcome = 'won' | 'already' | 'lost' | 'ambiguous'

export interface WriteResult {
  readonly outcome: WriteOutcome
  /**
   * Whether the write reached as many replicas as configured; only meaningful when asked for. A write
   * that was applied and did not is `won` or `already` and not durable; sent again, it is waited for again.
   */
  readonly durable: boolean
  /** Absent when `ambiguous`. */
  readonly serverNow?: EpochMs
}

export interface WriteOptions {
  /** Report in `durable` whether the write is replicated as configured. */
  readonly durable?: boolean
  /** Remove the document after this time. Absent: keep it, also if an earlier write set a time. */
  readonly expiresInMs?: number
  /**
   * Write only if the document also has this version. A failover rolls revisions back, and others may have
   * written up to the same one again: then `revision` alone would let a write replace what it never saw.
   */
  readonly version?: string
}

/**
 * Where documents live. All logic is in pure transitions above this port, so an implementation only
 * keeps text, compares revisions and tells the time.
 *
 * Every method but `compareAndSet` throws `ServiceError('store_unavailable')` when the store does not
 * answer; an outage is never "no such document". `compareAndSet` throws it only when it is certain
 * that nothing was sent or the store refused; otherwise it reports `ambiguous`.
 */
export interface Store {
  read(key: string): Promise<ReadResult>

  /** The document's `version`, or null: the cheapest question to ask before using a cached copy. */
  version(key: string): Promise<string | null>

  /**
   * Replaces a document if its revision is still `revision` (0: if it is not there).
   *
   * Idempotent by `writeId` (base64url): sending the same one again reads `already`, even when others have
   * written since (at least the last eight write ids are remembered).
   */
  compareAndSet(
    key: string,
    revision: number,
    text: string,
    writeId: string,
    options?: WriteOptions,
  ): Promise<WriteResult>

  /** Adds an id to a portal's ordered list. A hint: verified on read, repaired by the sweep. */
  addToIndex(portalId: string, id: string): Promise<void>
  removeFromIndex(portalId: string, id: string): Promise<void>
  /** Up to `limit` ids in ascending order, those after `after` when it is given. */
  listIndex(portalId: string, after: string | null, limit: number): Promise<readonly string[]>

  /** The value of a reference (`kg:{portal}:ref:…`), or null. */
  readReference(key: string): Promise<string | null>
  /**
   * Sets a reference if it still has the value `expected` (null: if it is not there). Agrees also when
   * it has `value` already: after a lost reply the client sends twice.
   */
  setReference(key: string, expected: string | null, value: string | null): Promise<boolean>

  /**
   * The ids of all documents whose id begins with `prefix` (letters and `_`; empty: all), in batches. What is
   * there from the first batch to the last is told, perhaps more than once; what comes or goes meanwhile may
   * be. It walks over every key there is: for an operator's commands, never for a request.
   *
   * Throws `store_unavailable` also when another server begins to decide meanwhile: start again then.
   */
  documentIds(prefix: string): AsyncIterable<readonly string[]>

  /**
   * Tells when what decides may have become another server than before, or the same one with other
   * data: after a failover, a restart, a move of slots. What was acknowledged may be gone there, so it is
   * the moment to write it again.
   *
   * Told after the new server answers, and then within seconds; for one change more than once, and in doubt
   * without any. Never told by a store that has no other server to go to. There is no unsubscribing.
   */
  onPrimaryChange(listener: () => void): void

  /** Answers when the store does; used by readiness. */
  ping(): Promise<void>
  /** Facts and warnings about the store for verbose readiness; never throws. */
  describe(): Promise<StoreFacts>
  close(): Promise<void>
}

/**
 * Why what is written may not stay written.
 *
 * - `eviction`: keys are dropped when memory is short.
 * - `persistence`: a restart loses what was written, or the append-only file is failing.
 * - `role`: the server is not the one that decides.
 * - `replicas`: fewer replicas than configured, or waiting for them is not permitted.
 * - `version`: older than what is supported.
 * - `scripts`: scripts do not run.
 * - `unverified`: the server refuses to say how it is configured.
 */
export const STORE_RISKS = [
  'eviction',
  'persistence',
  'role',
  'replicas',
  'version',
  'scripts',
  'unverified',
] as const

export type StoreRisk = (typeof STORE_RISKS)[number]

export interface StoreFacts {
  readonly kind: 'memory' | 'redis'
  readonly version?: string
  /** What it is, when it is not Redis itself; then `version` is that of the Redis which it stands in for. */
  readonly product?: string
  readonly role?: string
  /** Replicas in step, the fewest of any master. */
  readonly replicas?: number
  /** Whether what is written stays written. Absent: the store promises nothing, or gave no answer. */
  readonly durability?: 'ok' | 'unsafe'
  /** Why it is unsafe; empty when it is not. */
  readonly risks?: readonly StoreRisk[]
  /** The same as sentences. */
  readonly warnings: readonly string[]
}

/** Key of a connection, a session, a callback hand-over, or a program's shared state. */
export const documentKey = (id: string): string => `kg:{${id}}`
/** Key of a portal's ordered ids. */
export const indexKey = (portalId: string): string => `kg:{${portalId}}:idx`
/** Key of the reference from a customer to its connection. `tenantHash` is an HMAC. */
export const referenceKey = (portalId: string, programId: string, tenantHash: string): string =>
  `kg:{${portalId}}:ref:${programId}:${tenantHash}`
/** Key of the reference from a provider's customer to its connection, whichever portal's. */
export const managedTenantKey = (programId: string, tenantHash: string): string =>
  `kg:{${programId}}:tenant:${tenantHash}`
