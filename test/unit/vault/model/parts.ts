import { createHmac } from 'node:crypto'
import { createOperatorBreaker } from '../../../../src/breaker/operator-breaker.ts'
import { createProbeAttempts } from '../../../../src/breaker/probe-attempts.ts'
import { createProber } from '../../../../src/breaker/prober.ts'
import { createStoreConsent } from '../../../../src/consent/store-consent.ts'
import type { KnoxKind } from '../../../../src/knox/kind.ts'
import { createDeleteConnection } from '../../../../src/portal/delete-connection.ts'
import type { SamsungAccountClient } from '../../../../src/samsung-account/tokens.ts'
import type { Log } from '../../../../src/shared/log.ts'
import type { Secret } from '../../../../src/shared/secret.ts'
import type { Clock } from '../../../../src/shared/time.ts'
import { createUnderWay } from '../../../../src/shared/under-way.ts'
import { createConnections } from '../../../../src/vault/connections.ts'
import { createDirectory } from '../../../../src/vault/directory.ts'
import type { KeyRing } from '../../../../src/vault/envelope.ts'
import { createEnvelope } from '../../../../src/vault/envelope-keys.ts'
import { createMintRecord } from '../../../../src/vault/mint-record.ts'
import { createMinter } from '../../../../src/vault/minter.ts'
import { createRefresher } from '../../../../src/vault/refresher.ts'
import type { RotationPolicy } from '../../../../src/vault/rotation.ts'
import type { Store } from '../../../../src/vault/store.ts'
import { createBudgetedStore } from '../../../../src/vault/store-budget.ts'
import { createTokenSource } from '../../../../src/vault/token-source.ts'
import { createUncommitted } from '../../../../src/vault/uncommitted.ts'
import { NO_AUDIT } from '../../../support/audit.ts'
import { PROGRAM } from '../support/world.ts'

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

export interface PartsDeps {
  readonly store: Store
  readonly account: SamsungAccountClient
  readonly knox: KnoxKind
  readonly keyRing: KeyRing
  readonly rotation: RotationPolicy
  readonly hasBreaker: boolean
  readonly clock: Clock
  readonly log: Log
}

export function composeParts(deps: PartsDeps) {
  const { account, knox, keyRing, rotation, clock, log } = deps
  const audit = NO_AUDIT
  const metrics = { refresh: () => {}, mint: () => {}, alarm: () => {}, alarmRaised: () => {} }
  const rotationOf = () => rotation
  const settings = { ...SETTINGS, rotationOf }
  const store = createBudgetedStore(deps.store)
  const envelope = createEnvelope({ keyRing, cacheMs: 300_000, maxEntries: 100, clock })
  const connections = createConnections({ store, tombstoneMs: SETTINGS.tombstoneMs, clock, log })
  const reassertions = createUnderWay()
  store.onPrimaryChange(() => void reassertions.track(connections.reassert()))
  const directory = createDirectory({ store, connections, hashTenantRef: (ref) => ref })
  const uncommitted = createUncommitted({ settings, clock, log })
  const base = { connections, envelope, settings, audit, clock, log, metrics }

  const programIds = deps.hasBreaker ? [PROGRAM] : []
  const breaker = createOperatorBreaker({ ...base, store, programIds, policy: BREAKER_POLICY })
  const parts = { ...base, breaker }
  const refresher = createRefresher({ ...parts, clientOf: () => account, rotationOf, uncommitted })
  const fingerprint = (token: Secret) =>
    createHmac('sha256', 'fingerprint').update(token.reveal()).digest('base64url').slice(0, 16)
  const record = createMintRecord(audit)
  const mint = createMinter({ ...parts, refresher, kindOf: () => knox, fingerprint, record })
  // All connections here stand on a consent.
  const noToken = () => Promise.reject(new Error('not to be called'))
  const programTokens = { get: noToken, replace: noToken, idle: async () => {} }
  const isRefreshHeld = (programId: string) => breaker.isHeld(programId, 'refresh')
  const attempts = createProbeAttempts({ refresher, mint, programTokens, isRefreshHeld, clock })
  const prober = createProber({ ...parts, ...BREAKER_POLICY, attempts })
  const source = createTokenSource({ ...parts, mint, programTokens })

  const deleteConnection = createDeleteConnection({ ...parts, directory, tokenSource: source })
  const kindOf = () => 'samsung-account' as const
  const storeConsent = createStoreConsent({ ...parts, directory, uncommitted, kindOf })

  return {
    breaker,
    prober,
    source,
    uncommitted,
    deleteConnection,
    storeConsent,
    async idle() {
      // In this order: what ends may leave something to what is waited for next.
      await Promise.all([prober.idle(), source.idle()])
      refresher.stop()
      await refresher.idle()
      await uncommitted.idle()
      await reassertions.idle()
    },
  }
}
