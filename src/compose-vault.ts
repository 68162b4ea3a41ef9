import { createHmac } from 'node:crypto'
import { createFreezableConnections, createFreezableTokens } from './access/freezable-vault.ts'
import { createKillSwitches, type KillSwitches } from './access/kill-switches.ts'
import type { Metrics } from './admin/metrics.ts'
import type { Audit } from './audit/audit.ts'
import { createOperatorBreaker, type OperatorBreaker } from './breaker/operator-breaker.ts'
import { createProbeAttempts, type ProbeAttempts } from './breaker/probe-attempts.ts'
import { createProber, type Prober } from './breaker/prober.ts'
import { composeKeys, type Keys } from './compose-keys.ts'
import { composeStore } from './compose-store.ts'
import type { Upstream } from './compose-upstream.ts'
import type { Config } from './config/config.ts'
import type { MintBudget } from './limits/mint-budget.ts'
import { isTwoLegged, rotationsOf } from './program-facts.ts'
import type { Log } from './shared/log.ts'
import type { Secret } from './shared/secret.ts'
import type { Clock } from './shared/time.ts'
import { createUnderWay } from './shared/under-way.ts'
import { type Connections, createConnections } from './vault/connections.ts'
import { derivePurposeKey } from './vault/derive-keys.ts'
import { createDirectory, type Directory } from './vault/directory.ts'
import type { Envelope } from './vault/envelope.ts'
import { createMintRecord, createProgramMintRecord } from './vault/mint-record.ts'
import { createMinter } from './vault/minter.ts'
import { createProgramTokens } from './vault/program-tokens.ts'
import { createRefresher } from './vault/refresher.ts'
import type { Store } from './vault/store.ts'
import { createBudgetedStore } from './vault/store-budget.ts'
import { createTokenSource, type TokenSource } from './vault/token-source.ts'
import { createUncommitted, type Uncommitted } from './vault/uncommitted.ts'

/** Where connections live, and what makes tokens of them. */
export interface Vault {
  readonly store: Store
  readonly connections: Connections
  readonly directory: Directory
  readonly envelope: Envelope
  readonly breaker: OperatorBreaker
  readonly prober: Prober
  /** Exchanges and renewals that nobody asked for. */
  readonly attempts: ProbeAttempts
  readonly tokenSource: TokenSource
  readonly uncommitted: Uncommitted
  readonly killSwitches: KillSwitches
  /** Resolves when nothing is under way that must not be cut off. */
  idle(): Promise<void>
  readonly keys: Keys
}

/** Wires the vault. @throws ServiceError `store_unavailable`; ConfigError for a store that is refused */
export async function composeVault(deps: {
  readonly config: Config
  readonly upstream: Upstream
  readonly metrics: Metrics
  readonly audit: Audit
  readonly mintBudget: MintBudget
  readonly log: Log
  readonly clock: Clock
}): Promise<Vault> {
  const { config, upstream, metrics, audit, mintBudget, log, clock } = deps
  const { settings } = config
  const pepper = Buffer.from(config.apiKeyPepper.reveal())
  const store = createBudgetedStore(await composeStore({ config, metrics, log, clock }))
  const { vaultKeys } = config
  const keys = await composeKeys({ vaultKeys, store, metrics, audit, log, clock })
  const { envelope } = keys
  const { tombstoneMs } = settings.store
  const killSwitches = createKillSwitches({ store, audit, clock, log })
  const connections = createFreezableConnections(
    createConnections({ store, tombstoneMs, clock, log }),
    killSwitches,
  )
  const reassertions = createUnderWay()
  store.onPrimaryChange(() => void reassertions.track(connections.reassert()))
  const tenantKey = derivePurposeKey(pepper, 'tenant-ref')
  const directory = createDirectory({
    store,
    connections,
    hashTenantRef: (ref) => createHmac('sha256', tenantKey).update(ref).digest('base64url'),
  })
  const rotationOf = rotationsOf(config)
  const uncommitted = createUncommitted({ settings: settings.refresh, clock, log })
  metrics.uncommitted(uncommitted.count)
  const breaker = createOperatorBreaker({
    store,
    programIds: config.programs.map(({ id }) => id),
    policy: settings.breaker,
    isShared: isTwoLegged(config),
    clock,
    log,
    metrics: metrics.breaker,
  })
  const refresher = createRefresher({
    connections,
    envelope,
    clientOf: upstream.clientOf,
    rotationOf,
    breaker,
    uncommitted,
    audit,
    settings: {
      ...settings.refresh,
      operatorRetryMs: Math.floor(settings.breaker.probeIntervalMs / 2),
      timeoutMs: settings.upstream.timeoutMs,
    },
    clock,
    log,
    metrics: metrics.vault,
  })
  const fingerprintKey = derivePurposeKey(pepper, 'token-fingerprint')
  const fingerprint = (token: Secret): string =>
    createHmac('sha256', fingerprintKey).update(token.reveal()).digest('base64url').slice(0, 16)
  const mint = createMinter({
    connections,
    envelope,
    refresher,
    breaker,
    kindOf: upstream.kindOf,
    fingerprint,
    record: mintBudget.count(createMintRecord(audit)),
    settings: { ...settings.knoxToken, rotationOf },
    clock,
    log,
    metrics: metrics.vault,
  })
  // One renewal and one exchange, each within its own cap.
  const waitMs = 2 * settings.upstream.timeoutMs
  const programTokens = createProgramTokens({
    store,
    envelope,
    breaker,
    kindOf: upstream.twoLeggedKindOf,
    fingerprint,
    record: createProgramMintRecord(audit),
    settings: { ...settings.knoxToken, ...settings.refresh, waitMs },
    clock,
    log,
    metrics: metrics.vault,
  })
  const attempts = createProbeAttempts({
    refresher,
    mint,
    programTokens,
    isRefreshHeld: (programId) => breaker.isHeld(programId, 'refresh'),
    clock,
  })
  const prober = createProber({
    breaker,
    connections,
    attempts,
    probeIntervalMs: settings.breaker.probeIntervalMs,
    log,
  })
  const tokenSource = createTokenSource({
    connections,
    envelope,
    // Probes are nobody's calls.
    mint: mintBudget.guard(mint),
    programTokens,
    settings: { ...settings.knoxToken, ...settings.refresh, rotationOf, waitMs },
    clock,
    log,
  })

  await killSwitches.start()

  return {
    store,
    connections,
    directory,
    envelope,
    breaker,
    prober,
    attempts,
    tokenSource: createFreezableTokens(tokenSource, killSwitches),
    uncommitted,
    killSwitches,
    async idle() {
      // In this order: what ends may leave something to what is waited for next.
      await Promise.all([prober.idle(), tokenSource.idle()])
      refresher.stop()
      await refresher.idle()
      await uncommitted.idle()
      await reassertions.idle()
    },
    keys,
  }
}
