import { createHmac } from 'node:crypto'
import type { Metrics } from './admin/metrics.ts'
import { composeStore } from './compose-store.ts'
import type { Upstream } from './compose-upstream.ts'
import type { Config } from './config/config.ts'
import { ServiceError } from './shared/errors.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'
import { type Connections, createConnections } from './vault/connections.ts'
import { derivePurposeKey } from './vault/derive-keys.ts'
import { createDirectory, type Directory } from './vault/directory.ts'
import type { Envelope } from './vault/envelope.ts'
import { createEnvelope } from './vault/envelope-keys.ts'
import { checkSentinel } from './vault/envelope-sentinel.ts'
import { createKeyRing } from './vault/key-ring.ts'
import { createMinter } from './vault/minter.ts'
import { createRefresher } from './vault/refresher.ts'
import type { Store } from './vault/store.ts'
import { createTokenSource, type TokenSource } from './vault/token-source.ts'

/** Where connections live, and what makes tokens of them. */
export interface Vault {
  readonly store: Store
  readonly connections: Connections
  readonly directory: Directory
  readonly envelope: Envelope
  readonly tokenSource: TokenSource
  readonly keyRingState: () => {
    readonly opens: boolean
    readonly activeKid: string
    readonly kids: readonly string[]
  }
}

/** An opened data key is kept this long, for this many documents. */
const DATA_KEY_CACHE = { cacheMs: 300_000, maxEntries: 20_000 }

const refuseToSeal = (): Promise<never> => Promise.reject(new ServiceError('record_unreadable'))

/** Wires the vault. @throws ServiceError `store_unavailable`; ConfigError for a store that is refused */
export async function composeVault(deps: {
  readonly config: Config
  readonly upstream: Upstream
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
}): Promise<Vault> {
  const { config, upstream, metrics, log, clock } = deps
  const { settings } = config
  const pepper = Buffer.from(config.apiKeyPepper.reveal())
  const store = await composeStore({ config, metrics, log, clock })
  const keyRing = createKeyRing(config.vaultKeys)
  const opens = (await checkSentinel(store, keyRing)) !== 'mismatch'
  if (!opens)
    log.error('key_ring_mismatch', { reason: 'the vault keys do not open what is stored' })
  const sealing = createEnvelope({ keyRing, ...DATA_KEY_CACHE, clock })
  // Nobody could open what wrong keys have sealed, once the right ones are back.
  const envelope: Envelope = opens ? sealing : { ...sealing, create: refuseToSeal }
  const { tombstoneMs } = settings.store
  const connections = createConnections({ store, tombstoneMs })
  const tenantKey = derivePurposeKey(pepper, 'tenant-ref')
  const directory = createDirectory({
    store,
    connections,
    hashTenantRef: (ref) => createHmac('sha256', tenantKey).update(ref).digest('base64url'),
    clock,
  })
  const refresher = createRefresher({
    connections,
    envelope,
    clientOf: upstream.clientOf,
    settings: { ...settings.refresh, timeoutMs: settings.upstream.timeoutMs },
    clock,
    log,
    metrics: metrics.vault,
  })
  const fingerprintKey = derivePurposeKey(pepper, 'token-fingerprint')
  const mint = createMinter({
    connections,
    envelope,
    refresher,
    kindOf: upstream.kindOf,
    fingerprint: (token) =>
      createHmac('sha256', fingerprintKey).update(token.reveal()).digest('base64url').slice(0, 16),
    settings: settings.knoxToken,
    clock,
    log,
    metrics: metrics.vault,
  })
  const tokenSource = createTokenSource({
    connections,
    envelope,
    mint,
    settings: {
      ...settings.knoxToken,
      ...settings.refresh,
      // One renewal and one exchange, each within its own cap.
      waitMs: 2 * settings.upstream.timeoutMs,
    },
    clock,
    log,
  })

  return {
    store,
    connections,
    directory,
    envelope,
    tokenSource,
    keyRingState: () => ({ opens, activeKid: keyRing.activeKid, kids: keyRing.kids() }),
  }
}
