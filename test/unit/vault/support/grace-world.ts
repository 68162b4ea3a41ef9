import { ServiceError } from '../../../../src/shared/errors.ts'
import { createLog } from '../../../../src/shared/log.ts'
import { commitTokenSet } from '../../../../src/vault/commit-transitions.ts'
import { createConnections, type Snapshot } from '../../../../src/vault/connections.ts'
import { createGraceRecovery } from '../../../../src/vault/grace-recovery.ts'
import type { Connection, RefreshState } from '../../../../src/vault/record.ts'
import { beginRefresh, failRefresh } from '../../../../src/vault/refresh-transitions.ts'
import type { RotationPolicy } from '../../../../src/vault/rotation.ts'
import { createMemoryStore } from '../../../../src/vault/store-memory.ts'
import { createFaultyStore } from './faulty-store.ts'
import { aConnection, refreshOf, T0 } from './records.ts'

export const MIN_MS = 500
const POLICY = { backoffMinMs: MIN_MS, backoffMaxMs: 60_000, operatorRetryMs: 1000 }
export const LEASE = 12_000
export const { id } = aConnection()
const TOKENS = {
  rotated: true,
  accessToken: 'v1.access-2',
  accessExpiresAt: T0 + 1e7,
  issuedAt: T0,
  refreshToken: 'v1.refresh-2',
}

/** How an attempt ends; it stays unknown unless this says something else. */
type End = 'unknown' | 'tokens' | 'refused' | 'unreachable_store'

/** A connection whose last outcome is unknown, and the recovery of it, by the clock of Jest's fake timers. */
export async function createGraceWorld({
  graceMs = 60_000,
  refresh = {} as Partial<RefreshState>,
} = {}) {
  const memory = createMemoryStore({ clock: Date.now })
  const faulty = createFaultyStore(memory)
  const connections = createConnections({
    store: faulty.store,
    tombstoneMs: 1e9,
    clock: Date.now,
    log: createLog('silent'),
  })
  const uncertain = { state: 'uncertain', spentAt: T0, failures: 1, retryAt: T0 + 500 } as const
  await connections.create(aConnection({ refresh: { ...uncertain, ...refresh } }))
  const attempts: number[] = []
  const ends: End[] = []
  const policy: RotationPolicy = { rotation: 'rotate', graceMs, reuseRevokes: true }

  async function snapshot(): Promise<Snapshot> {
    const found = await connections.read(id)
    if (found === null) throw new Error('no such connection')
    return found
  }

  /** An attempt over the real transitions, with Samsung left out. */
  async function attempt({ connection }: Snapshot): Promise<Snapshot> {
    attempts.push(Date.now() - T0)
    const end = ends.shift() ?? 'unknown'
    const me = { attempt: `attempt-${attempts.length}`, generation: connection.generation }
    const begun = await connections.update(id, (current, now) => {
      const result = beginRefresh(current, me, LEASE, now)
      return result.kind === 'begun' ? result.next : null
    })
    if (begun === null) throw new ServiceError('not_found')
    if (end === 'unreachable_store') throw new ServiceError('store_unavailable')
    const after = (current: Connection, now: number) => {
      if (end === 'tokens') return commitTokenSet(current, me, TOKENS, now)
      const kind = end === 'refused' ? 'customer' : 'ambiguous'
      return failRefresh(current, me, { kind }, POLICY, now)
    }
    const ended = await connections.update(id, after)
    if (end !== 'tokens' || ended === null) throw new ServiceError('refresh_outcome_unknown')
    return ended
  }

  const recovery = createGraceRecovery({
    connections,
    rotationOf: () => policy,
    refresh: attempt,
    settings: POLICY,
    clock: Date.now,
  })
  return {
    ...recovery,
    ...faulty,
    memory,
    connections,
    attempts,
    ends,
    begin: async () => recovery.start(await snapshot()),
    state: async () => refreshOf((await snapshot()).connection).state,
    change: (changes: Partial<RefreshState>) =>
      connections.update(id, () => aConnection({ refresh: { ...uncertain, ...changes } })),
  }
}
