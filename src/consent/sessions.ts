import type { ConnectSessionId } from '../shared/ids.ts'
import type { EpochMs } from '../shared/time.ts'
import { createDocuments, type Documents } from '../vault/documents.ts'
import { documentKey, type Store } from '../vault/store.ts'
import {
  type CallbackHandover,
  type ConnectSession,
  parseHandover,
  parseSession,
} from './session-record.ts'

/** Connect sessions, kept for a while after they end so that their outcome can be read. */
export type Sessions = Documents<ConnectSession>

/** Creates the repository of connect sessions. @param retentionMs - Kept this long after a write. */
export const createSessions = (store: Store, retentionMs: number): Sessions =>
  createDocuments<ConnectSession>({
    store,
    parse: parseSession,
    idOf: ({ id }) => id,
    lifetimeMs: () => retentionMs,
  })

/** What the clock says by which a session will be judged: that of the server which is to hold it. */
export type SessionClock = (id: ConnectSessionId) => Promise<EpochMs>

/** Creates the clock. It throws ServiceError `store_unavailable`. */
export const createSessionClock =
  (store: Store): SessionClock =>
  async (id) =>
    (await store.read(documentKey(id))).serverNow

/** A posted callback waits this long for its browser to come back. */
const HANDOVER_MS = 120_000

/** Creates the repository of posted callbacks. */
export const createHandovers = (store: Store): Documents<CallbackHandover> =>
  createDocuments<CallbackHandover>({
    store,
    parse: parseHandover,
    lifetimeMs: () => HANDOVER_MS,
  })
