import { createHmac } from 'node:crypto'
import type { Breaker } from '../../../../src/breaker/breaker.ts'
import { createOperatorBreaker } from '../../../../src/breaker/operator-breaker.ts'
import { createProbeAttempts } from '../../../../src/breaker/probe-attempts.ts'
import { createProber } from '../../../../src/breaker/prober.ts'
import type { ConnectSession } from '../../../../src/consent/session-record.ts'
import { createStoreConsent } from '../../../../src/consent/store-consent.ts'
import type { KnoxKind } from '../../../../src/knox/kind.ts'
import { createDeleteConnection } from '../../../../src/portal/delete-connection.ts'
import type { ReceivedTokens, SamsungAccountClient } from '../../../../src/samsung-account/tokens.ts'
import { type ConnectionId, newAttemptId } from '../../../../src/shared/ids.ts'
import type { Log } from '../../../../src/shared/log.ts'
import type { Secret } from '../../../../src/shared/secret.ts'
import { limitStoreTime } from '../../../../src/shared/store-time.ts'
import { sleep } from '../../../../src/shared/time.ts'
import { createConnections } from '../../../../src/vault/connections.ts'
import { createDirectory } from '../../../../src/vault/directory.ts'
import type { KeyRing } from '../../../../src/vault/envelope.ts'
import { createEnvelope } from '../../../../src/vault/envelope-keys.ts'
import type { HandOut } from '../../../../src/vault/hand-out.ts'
import { createMinter } from '../../../../src/vault/minter.ts'
import { createRefresher } from '../../../../src/vault/refresher.ts'
import type { RotationPolicy } from '../../../../src/vault/rotation.ts'
import type { Store } from '../../../../src/vault/store.ts'
import { createBudgetedStore } from '../../../../src/vault/store-budget.ts'
import { createTokenSource } from '../../../../src/vault/token-source.ts'
import { createUncommitted } from '../../../../src/vault/uncommitted.ts'
import { PORTAL, PROGRAM } from '../support/world.ts'
import type { Process } from './process.ts'

/** As in `config/default.json`, but for the lives of tokens, which are Samsung's. */
export const SETTINGS = {
  leaseMs: 12_000,
  commitBudgetMs: 5_000,
  backoffMinMs: 500,
  backoffMaxMs: 60_000,
  operatorRetryMs: 1_000,
  pollMs: 100,
  timeoutMs: 5_000,
  rejectedIntervalMs: 60_000,
  marginMs: 30_000,
  localCacheMs: 1_000,
  waitMs: 10_000,
  tombstoneMs: 30 * 86_400_000,
  storeLimitMs: 1_800,
  drainMs: 20_000,
}

const BREAKER_POLICY = { threshold: 2, windowMs: 60_000, probeIntervalMs: 2_000 }

const NEVER_HELD: Breaker = {
  admit: async () => {},
  refused: async () => {},
  accepted: async () => {},
  alarm: () => null,
}

export interface Wish {
  readonly minTtlMs: number
  readonly rejected?: string
}

/** One process of the service, from the door of the vault on. */
export interface Replica {
  readonly process: Process
  handOut(connectionId: string, wish: Wish): Promise<HandOut>
  remove(connectionId: string): Promise<void>
  /** Stores the tokens of a new consent. */
  reconnect(connectionId: ConnectionId, received: ReceivedTokens): Promise<void>
  /** SIGTERM: ends the process when nothing is under way any more, or its time is over. */
  drain(): void
}

export interface ReplicaDeps {
  readonly process: Process
  readonly store: Store
  readonly account: SamsungAccountClient
  readonly knox: KnoxKind
  readonly keyRing: KeyRing
  readonly rotation: RotationPolicy
  readonly hasBreaker: boolean
  readonly log: Log
}

/** Puts the real parts together as the composition root does. */
export function startReplica(deps: ReplicaDeps): Replica {
  const { process, account, knox, keyRing, rotation, log } = deps
  const { clock } = process
  const store = createBudgetedStore(deps.store)
  const envelope = createEnvelope({ keyRing, cacheMs: 300_000, maxEntries: 100, clock })
  const connections = createConnections({ store, tombstoneMs: SETTINGS.tombstoneMs, clock, log })
  store.onPrimaryChange(() => void connections.reassert())
  const directory = createDirectory({ store, connections, hashTenantRef: (ref) => ref })
  const rotationOf = () => rotation
  const settings = { ...SETTINGS, rotationOf }
  const uncommitted = createUncommitted({ settings, clock, log })
  const metrics = { refresh: () => {}, mint: () => {}, alarm: () => {}, alarmRaised: () => {} }
  const holding = createOperatorBreaker({
    store,
    programIds: [PROGRAM],
    policy: BREAKER_POLICY,
    clock,
    log,
    metrics,
  })
  const breaker = deps.hasBreaker ? holding : NEVER_HELD
  const parts = { connections, envelope, breaker, settings, clock, log, metrics }
  const refresher = createRefresher({ ...parts, clientOf: () => account, rotationOf, uncommitted })
  const fingerprint = (token: Secret) =>
    createHmac('sha256', 'fingerprint').update(token.reveal()).digest('base64url').slice(0, 16)
  const mint = createMinter({ ...parts, refresher, kindOf: () => knox, fingerprint })
  const isRefreshHeld = (programId: string) => holding.isHeld(programId, 'refresh')
  const prober = createProber({
    breaker: holding,
    connections,
    attempts: createProbeAttempts({ refresher, mint, isRefreshHeld, clock }),
    probeIntervalMs: BREAKER_POLICY.probeIntervalMs,
    log,
  })
  const source = createTokenSource({ ...parts, mint })
  const deleteConnection = createDeleteConnection({
    connections,
    directory,
    tokenSource: source,
    log,
  })
  const storeConsent = createStoreConsent({
    connections,
    directory,
    envelope,
    uncommitted,
    kindOf: () => 'samsung-account',
    settings,
    clock,
    log,
  })
  const requests = new Set<Promise<unknown>>()

  if (deps.hasBreaker) {
    void holding.start()
    prober.start()
  }
  process.onEnd(() => {
    holding.stop()
    prober.stop()
  })

  /** A request, which a closing server waits for. */
  function serve<T>(work: () => Promise<T>): Promise<T> {
    const request = limitStoreTime(SETTINGS.storeLimitMs, work)
    const end = () => void requests.delete(request)
    requests.add(request)
    request.then(end, end)
    return request
  }

  async function idle(): Promise<void> {
    await Promise.allSettled(requests)
    await Promise.all([prober.idle(), source.idle(), refresher.idle(), uncommitted.idle()])
  }

  return {
    process,
    handOut: (id, wish) =>
      serve(async () => {
        const kept = wish.rejected === undefined ? source.peek(PORTAL, id, wish.minTtlMs) : null
        return kept ?? source.handOut(PORTAL, id, { ...wish, arrivedAt: clock() })
      }),
    remove: (id) =>
      serve(async () => {
        await deleteConnection({ id: PORTAL } as Parameters<typeof deleteConnection>[0], id)
      }),
    reconnect: (connectionId, received) =>
      serve(async () => {
        const session = { reconnects: connectionId, allowAccountChange: false } as ConnectSession
        await storeConsent({ session, attempt: newAttemptId(), connectionId }, received)
      }),
    drain() {
      void Promise.race([
        idle().then(() => 'drained' as const),
        sleep(SETTINGS.drainMs).then(() => 'deadline' as const),
      ]).then(async (reason) => {
        await process.running()
        uncommitted.abandon()
        process.exit(reason)
      })
    },
  }
}
