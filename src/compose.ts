import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createMetrics } from './admin/metrics.ts'
import { createReadiness, type Phase } from './admin/readiness.ts'
import { createAdminRouter, createProbeRouter } from './admin/routes.ts'
import { createSweep } from './admin/sweep.ts'
import { createAdminApp, createApp } from './app.ts'
import { composeConsent } from './compose-consent.ts'
import { composePortal } from './compose-portal.ts'
import { composeUpstream } from './compose-upstream.ts'
import { composeVault } from './compose-vault.ts'
import type { Config } from './config/config.ts'
import { createAssetRouter } from './http/assets.ts'
import { createPages } from './http/pages.ts'
import { createDoor } from './portal/admit.ts'
import { pepperKey } from './portal/api-key.ts'
import { createAuthenticator } from './portal/authenticate.ts'
import { createHotToken } from './portal/hot-token.ts'
import { createOpenApiRouter } from './portal/openapi-routes.ts'
import { createTokenAnswer } from './portal/token-answer.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'

/** A composed service: two request listeners, and what its process has to call in its life. */
export interface Service {
  readonly handle: RequestListener
  readonly handleAdmin: RequestListener
  readonly version: string
  /** From now on `/readyz` says so. */
  setPhase(phase: Phase): void
  /** Resolves when no renewal and no completion of a consent is under way. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** `src` and `dist` are equally deep, so this holds before and after the build. */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

const readVersion = (): string => {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'))
  return String(version)
}

/**
 * The composition root: the only place that knows concrete parts.
 *
 * @throws ServiceError `store_unavailable` when the store does not answer in time
 * @throws ConfigError when the store is not as safe as the configuration asks for
 */
export async function compose(config: Config, log: Log, clock: Clock): Promise<Service> {
  let phase: Phase = 'starting'
  const version = readVersion()
  const storeLimitMs = config.settings.store.requestBudgetMs
  const programs = new Map(config.programs.map((program) => [program.id, program]))
  const portals = new Map(config.portals.map((portal) => [portal.id, portal]))
  const skews = { current: (): ReturnType<typeof upstream.skews> => upstream.skews() }
  const metrics = createMetrics({
    programs: config.programs.map(({ id, keys }) => ({ id, legacyRsa: keys.modulusBits < 2048 })),
    skews: () => skews.current(),
  })
  const upstream = composeUpstream({ config, log, clock })
  metrics.clock(upstream.clockState)
  const vault = await composeVault({ config, upstream, metrics, log, clock })
  const pages = createPages({ viewsDir: `${ROOT}/views` })
  const authenticator = createAuthenticator(config.portals, pepperKey(config.apiKeyPepper))
  const door = createDoor(authenticator, log)
  const tokenAnswer = createTokenAnswer(programs)
  const parts = { config, programs, portals, upstream, vault, log, clock }
  const consent = composeConsent({ ...parts, pages })
  const portalRouters = composePortal({ ...parts, consent, door, tokenAnswer })
  const readiness = createReadiness({
    phase: () => phase,
    pingStore: vault.store.ping,
    describeStore: vault.store.describe,
    keyRing: vault.keyRingState,
    programs: config.programs,
    skews: upstream.skews,
    clockState: upstream.clockState,
    alarms: vault.breaker.alarms,
    refreshOutcomes: metrics.refreshOutcomes,
    uncommitted: vault.uncommitted.count,
    warnings: config.warnings,
    clock,
    version,
  })
  const app = createApp({
    door,
    portalRouters,
    probeRouter: createProbeRouter(readiness),
    openApiRouter: createOpenApiRouter({ version, pageLimit: config.settings.http.pageLimit }),
    assetRouter: createAssetRouter({ viewsDir: `${ROOT}/views` }),
    consentRouter: consent.router,
    pages,
    limits: config.settings.http,
    storeLimitMs,
    log,
    clock,
  })
  const { adminToken } = config
  const adminRouter = createAdminRouter({ readiness, metrics, adminToken })
  const admin = createAdminApp({ adminRouter, log, clock })
  const hotToken = createHotToken({
    authenticator,
    tokenSource: vault.tokenSource,
    tokenAnswer,
    defaultMinTtlMs: config.settings.knoxToken.defaultMinTtlMs,
    storeLimitMs,
    log,
  })
  const { connections, directory, breaker, prober } = vault
  const publish = metrics.connections
  const sweep = createSweep({
    portals: config.portals,
    connections,
    directory,
    breaker,
    publish,
    clock,
    log,
  })
  sweep.start()
  await breaker.start()
  prober.start()

  return {
    handle: (req, res) => hotToken(req, res, () => app(req, res)),
    handleAdmin: admin,
    version,
    setPhase(next) {
      phase = next
      if (next === 'draining') prober.stop()
    },
    async idle() {
      await Promise.all([consent.idle(), vault.idle()])
    },
    async close() {
      sweep.stop()
      prober.stop()
      breaker.stop()
      vault.uncommitted.abandon()
      await vault.store.close()
      await upstream.close()
    },
  }
}
