import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createMetrics } from './admin/metrics.ts'
import { createReadiness, type Phase } from './admin/readiness.ts'
import { createProbeRouter } from './admin/routes.ts'
import { createSweep } from './admin/sweep.ts'
import { createAdminApp, createApp } from './app.ts'
import { composeAccess } from './compose-access.ts'
import { composeAdmin } from './compose-admin.ts'
import { composeAudit } from './compose-audit.ts'
import { composeConsent } from './compose-consent.ts'
import { composeLimits } from './compose-limits.ts'
import { composePortal } from './compose-portal.ts'
import { composePrograms } from './compose-programs.ts'
import { composeProxy } from './compose-proxy.ts'
import { composeUpstream } from './compose-upstream.ts'
import { composeVault } from './compose-vault.ts'
import type { Config } from './config/config.ts'
import { createAssetRouter } from './http/assets.ts'
import { catchDefects } from './http/catch-defects.ts'
import { createPages } from './http/pages.ts'
import { createDoor } from './portal/admit.ts'
import { createFront } from './portal/front.ts'
import { createCountHandOut } from './portal/hand-out-count.ts'
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
  /** Reads the key files of programs again. Never throws. */
  reloadKeys(): Promise<void>
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
    programs: config.programs.map(({ id, keys, products }) => ({
      id,
      legacyRsa: keys.modulusBits < 2048,
      products: products.map(({ name }) => name),
    })),
    skews: () => skews.current(),
  })
  const audit = composeAudit({ config, version, metrics, log, clock })
  const credentials = composePrograms({ config, metrics, audit, log, clock })
  const { credentialsOf } = credentials
  const upstream = composeUpstream({ config, credentialsOf, log, clock })
  metrics.clock(upstream.clockState)
  const limits = composeLimits({ config, audit, metrics, log, clock })
  const { mintBudget } = limits
  const vault = await composeVault({ config, upstream, metrics, audit, mintBudget, log, clock })
  await credentials.start(vault.store)
  const keyReload = credentials.reloadWith(vault)
  const pages = createPages({ viewsDir: `${ROOT}/views` })
  const access = await composeAccess({ config, store: vault.store, audit, log, clock })
  const { authenticator } = access
  const door = createDoor(authenticator, log, audit, limits)
  const tokenAnswer = createTokenAnswer(programs)
  const countHandOut = createCountHandOut(audit)
  const parts = { config, programs, portals, upstream, vault, audit, log, clock }
  const consent = composeConsent({ ...parts, pages })
  const portalRouters = composePortal({ ...parts, consent, door, tokenAnswer, countHandOut })
  const readiness = createReadiness({
    phase: () => phase,
    pingStore: vault.store.ping,
    describeStore: vault.store.describe,
    keyRing: vault.keys.state,
    programs: credentials.states,
    skews: upstream.skews,
    clockState: upstream.clockState,
    refusedHosts: upstream.refusedHosts,
    alarms: vault.breaker.alarms,
    refreshOutcomes: metrics.refreshOutcomes,
    uncommitted: vault.uncommitted.count,
    audit: audit.state,
    warnings: config.warnings,
    clock,
    version,
  })
  const app = createApp({
    door,
    proxyRouter: composeProxy({ ...parts, door, metrics }),
    portalRouters,
    probeRouter: createProbeRouter(readiness),
    openApiRouter: createOpenApiRouter({ version, pageLimit: config.settings.http.pageLimit }),
    assetRouter: createAssetRouter({ viewsDir: `${ROOT}/views` }),
    consentRouter: consent.router,
    pages,
    pageLimit: limits.page,
    limits: config.settings.http,
    storeLimitMs,
    log,
    clock,
  })
  const adminRouter = composeAdmin({ ...parts, access, readiness, metrics })
  const admin = createAdminApp({ adminRouter, strangerLimit: limits.admin, log, clock })
  const hotToken = createHotToken({
    authenticator,
    tokenSource: vault.tokenSource,
    tokenAnswer,
    countHandOut,
    limits: limits.api,
    defaultMinTtlMs: config.settings.knoxToken.defaultMinTtlMs,
    storeLimitMs,
    log,
  })
  const { connections, directory, breaker, prober, keys } = vault
  const publish = metrics.connections
  const sweep = createSweep({
    portals: config.portals,
    connections,
    directory,
    breaker,
    check: keys.check.connection,
    unreadable: keys.unreadable,
    publish,
    clock,
    log,
  })
  sweep.start()
  await audit.start()
  await breaker.start()
  prober.start()

  return {
    handle: catchDefects(createFront({ load: limits.load, authenticator, hotToken, app, log }), {
      log,
    }),
    handleAdmin: admin,
    version,
    setPhase(next) {
      phase = next
      if (next === 'draining') prober.stop()
    },
    reloadKeys: keyReload.run,
    async idle() {
      await keyReload.idle()
      await Promise.all([consent.idle(), vault.idle(), access.idle()])
      await credentials.idle()
    },
    async close() {
      sweep.stop()
      prober.stop()
      breaker.stop()
      access.stop()
      credentials.stop()
      vault.killSwitches.stop()
      vault.uncommitted.abandon()
      limits.refusals.stop()
      await audit.close()
      await vault.store.close()
      await upstream.close()
    },
  }
}
