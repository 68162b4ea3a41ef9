import type { Express } from 'express'
import { createMetrics } from '../../../../src/admin/metrics.ts'
import { createReadiness } from '../../../../src/admin/readiness.ts'
import { createProbeRouter } from '../../../../src/admin/routes.ts'
import { createAdminApp, createApp } from '../../../../src/app.ts'
import { composeAccess } from '../../../../src/compose-access.ts'
import { composeAdmin } from '../../../../src/compose-admin.ts'
import { composeConsent } from '../../../../src/compose-consent.ts'
import { composeLimits } from '../../../../src/compose-limits.ts'
import { composePortal } from '../../../../src/compose-portal.ts'
import { composePrograms } from '../../../../src/compose-programs.ts'
import { composeProxy } from '../../../../src/compose-proxy.ts'
import { composeUpstream } from '../../../../src/compose-upstream.ts'
import { composeVault } from '../../../../src/compose-vault.ts'
import type { Scope } from '../../../../src/config/config.ts'
import { createAssetRouter } from '../../../../src/http/assets.ts'
import { createPages } from '../../../../src/http/pages.ts'
import { createDoor } from '../../../../src/portal/admit.ts'
import { createApiKey } from '../../../../src/portal/api-key.ts'
import { createOpenApiRouter } from '../../../../src/portal/openapi-routes.ts'
import { createTokenAnswer } from '../../../../src/portal/token-answer.ts'
import { createLog } from '../../../../src/shared/log.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import { NO_AUDIT } from '../../../support/audit.ts'
import { ENV, load, portal } from '../../config/valid-config.ts'

export interface RealApp {
  readonly app: Express
  /** The application of the admin listener. */
  readonly admin: Express
  /** The keys of the only portal, in the order of their scopes. */
  readonly apiKeys: readonly string[]
  close(): Promise<void>
}

const VIEWS = `${import.meta.dirname}/../../../../views`

export const ADMIN_READ_TOKEN = 'an-admin-token-for-reading-and-no-more'

export const SCOPES: readonly Scope[] = [
  'connect',
  'connections:read',
  'connections:write',
  'tokens',
  'proxy',
]

/**
 * The public application with everything behind it, as `compose` makes it, in this process.
 *
 * @param scopes - Those of one key each; one key with all of them when absent.
 */
export async function createRealApp(scopes: readonly (readonly Scope[])[] = [SCOPES]) {
  const pepper = new Secret(ENV.API_KEY_PEPPER)
  const made = scopes.map((each) => createApiKey(pepper, { scopes: each }))
  const config = load({
    env: {
      KNOXGATE_MODE: 'development',
      REDIS_URL: 'memory:',
      ADMIN_READ_TOKEN,
      // Many tests are strangers.
      KNOXGATE_LIMITS_FAILED_AUTHENTICATION: '0',
    },
    portals: [portal({ api_keys: made.map(({ entry }) => entry) })],
  })
  const log = createLog('silent')
  const clock = Date.now
  const metrics = createMetrics({ programs: [], skews: () => [] })
  const audit = NO_AUDIT
  const credentials = composePrograms({ config, metrics, audit, log, clock })
  const { credentialsOf } = credentials
  const upstream = composeUpstream({ config, credentialsOf, log, clock })
  const limits = composeLimits({ config, audit, metrics, log, clock })
  const { mintBudget } = limits
  const vault = await composeVault({ config, upstream, metrics, audit, mintBudget, log, clock })
  const access = await composeAccess({ config, store: vault.store, audit, log, clock })
  const door = createDoor(access.authenticator, log, audit, limits)
  const programs = new Map(config.programs.map((program) => [program.id, program]))
  const portals = new Map(config.portals.map((one) => [one.id, one]))
  const parts = { config, programs, portals, upstream, vault, audit, log, clock }
  const pages = createPages({ viewsDir: VIEWS })
  const consent = composeConsent({ ...parts, pages })
  const tokenAnswer = createTokenAnswer(programs)
  const readiness = createReadiness({
    phase: () => 'running',
    pingStore: vault.store.ping,
    describeStore: vault.store.describe,
    keyRing: vault.keys.state,
    programs: credentials.states,
    skews: upstream.skews,
    clockState: upstream.clockState,
    refusedHosts: () => [],
    alarms: vault.breaker.alarms,
    refreshOutcomes: metrics.refreshOutcomes,
    uncommitted: vault.uncommitted.count,
    audit: () => ({ failing: false, waiting: 0, lost: 0 }),
    warnings: config.warnings,
    clock,
    version: '0.0.0',
  })
  const app = createApp({
    door,
    proxyRouter: composeProxy({ ...parts, door, metrics }),
    portalRouters: composePortal({ ...parts, consent, door, tokenAnswer, countHandOut: () => {} }),
    probeRouter: createProbeRouter(readiness),
    openApiRouter: createOpenApiRouter({
      version: '0.0.0',
      pageLimit: config.settings.http.pageLimit,
    }),
    assetRouter: createAssetRouter({ viewsDir: VIEWS }),
    consentRouter: consent.router,
    pages,
    pageLimit: limits.page,
    limits: config.settings.http,
    storeLimitMs: config.settings.store.requestBudgetMs,
    log,
    clock,
  })
  const adminRouter = composeAdmin({ ...parts, access, readiness, metrics })
  const admin = createAdminApp({ adminRouter, strangerLimit: limits.admin, log, clock })
  async function close(): Promise<void> {
    limits.refusals.stop()
    access.stop()
    vault.killSwitches.stop()
    await upstream.close()
  }
  const apiKeys = made.map(({ apiKey }) => apiKey.reveal())
  return { app, admin, apiKeys, close } satisfies RealApp
}
