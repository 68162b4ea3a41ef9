import { Router } from 'express'
import type { Test } from 'supertest'
import request from 'supertest'
import { createMetrics } from '../../../../src/admin/metrics.ts'
import { createApp } from '../../../../src/app.ts'
import { createOperatorBreaker } from '../../../../src/breaker/operator-breaker.ts'
import { composeConsent } from '../../../../src/compose-consent.ts'
import { composeLimits } from '../../../../src/compose-limits.ts'
import { composePortal } from '../../../../src/compose-portal.ts'
import { composeProxy } from '../../../../src/compose-proxy.ts'
import type { Portal, Scope, TwoLeggedProgram } from '../../../../src/config/config.ts'
import { SCOPES } from '../../../../src/config/scopes.ts'
import { createPages } from '../../../../src/http/pages.ts'
import { createStreamOutbound } from '../../../../src/outbound/stream-outbound.ts'
import { createDoor } from '../../../../src/portal/admit.ts'
import { createApiKey, pepperKey } from '../../../../src/portal/api-key.ts'
import { createAuthenticator } from '../../../../src/portal/authenticate.ts'
import { createCountHandOut } from '../../../../src/portal/hand-out-count.ts'
import { createHotToken } from '../../../../src/portal/hot-token.ts'
import { createTokenAnswer } from '../../../../src/portal/token-answer.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import { createRecordCheck } from '../../../../src/vault/record-check.ts'
import type { Store } from '../../../../src/vault/store.ts'
import { createUnreadableConnections } from '../../../../src/vault/unreadable.ts'
import { configuredKeys } from '../../access/support/keys.ts'
import { load } from '../../config/valid-config.ts'
import { serve } from '../../http/serve.ts'
import { makeProgram } from '../../samsung-account/program.ts'
import { createFaultyStore } from '../../vault/support/faulty-store.ts'
import { createWorld, PORTAL, type WorldOptions } from '../../vault/support/world.ts'

export const RETURN_URL = 'https://console.acme.example/knox/return'
export const BODY_LIMIT = 16 * 1024
const VIEWS = `${import.meta.dirname}/../../../../views`

const pepper = new Secret('a pepper of at least thirty-two characters')
const loaded = load()

/** A portal and its keys: one with every scope, and per scope one that has all but this. */
function makePortal(id: string, own: readonly string[]) {
  const all = createApiKey(pepper, { scopes: SCOPES })
  const lacking = SCOPES.map((scope) => {
    const scopes = SCOPES.filter((one) => one !== scope)
    return [scope, createApiKey(pepper, { scopes })] as const
  })
  const portal: Portal = {
    id,
    name: id,
    returnUrls: [RETURN_URL],
    reconnectUrl: `https://${id}.example/reconnect?lang=en`,
    programs: ['emm-eu', 'emm-us', 'msp-shared', ...own],
    apiKeys: [all.entry, ...lacking.map(([, key]) => key.entry)],
  }
  const without = new Map<Scope, string>(
    lacking.map(([scope, { apiKey }]) => [scope, apiKey.reveal()]),
  )
  return { portal, apiKey: all.apiKey.reveal(), without }
}

/** Programs without consent: providers, and one company. */
const twoLegged = (id: string): TwoLeggedProgram => {
  const { samsungAccount: _, ...rest } = makeProgram('https://eu-kcs-api.example')
  return { ...rest, id, kind: id === 'one-eu' ? 'knox-customer' : 'knox-msp' }
}

export const acme = makePortal(PORTAL, ['msp-eu', 'one-eu'])
export const other = makePortal('other', ['msp-us'])
/** A key of acme's that is bound to one of its programs. */
export const bound = makeBoundKey('emm-us')

function makeBoundKey(program: string) {
  const { apiKey, entry } = createApiKey(pepper, { scopes: SCOPES })
  const known = { portal: acme.portal, ...entry, programs: [program] }
  return { apiKey: apiKey.reveal(), known }
}

/** What is frozen here is what a test says in `frozen`. */
const NO_SWITCHES = {
  list: async () => [],
  freeze: () => Promise.reject(new Error('no switch')),
  unfreeze: async () => false,
  start: async () => {},
  stop() {},
}

export type PortalWorld = Awaited<ReturnType<typeof createPortalWorld>>

/** The real application over the real vault in memory; only Samsung is told what to do. */
export async function createPortalWorld(options: Omit<WorldOptions, 'wrapStore'> = {}) {
  const seen = { writes: 0, faulty: undefined as ReturnType<typeof createFaultyStore> | undefined }
  const world = createWorld({
    ...options,
    wrapStore(store) {
      seen.faulty = createFaultyStore(countWrites(store, () => seen.writes++))
      return seen.faulty.store
    },
  })
  const program = makeProgram('https://eu-kcs-api.example', {
    samsungAccount: { partnerId: '1234567890' },
  })
  const config = {
    ...loaded,
    programs: [
      program,
      { ...program, id: 'emm-us' },
      ...['msp-eu', 'msp-us', 'msp-shared', 'one-eu'].map(twoLegged),
    ],
    portals: [acme.portal, other.portal],
    apiKeyPepper: pepper,
  }
  const { audit, log, clock, samsung } = world
  const storeLimitMs = config.settings.store.requestBudgetMs
  const programs = new Map(config.programs.map((one) => [one.id, one]))
  const portals = new Map(config.portals.map((one) => [one.id, one]))
  const upstream = {
    clientOf: () => samsung.account,
    kindOf: () => samsung.knox,
    twoLeggedKindOf: () => samsung.twoLegged,
    verifierOf: () => samsung.knox,
    streams: createStreamOutbound({ allowedOrigins: [], connectTimeoutMs: 1000, clock }),
    skews: () => [],
    clockState: () => ({ skewMs: null, correctionMs: 0, beyondLimit: false }),
    refusedHosts: () => [],
    close: async () => {},
  }
  const breaker = createOperatorBreaker({
    store: world.store,
    programIds: config.programs.map(({ id }) => id),
    policy: config.settings.breaker,
    clock,
    log,
    metrics: { alarm() {}, alarmRaised() {} },
  })
  const { source, connections, uncommitted } = world.replica(world.store, breaker)
  const vault = {
    store: world.store,
    connections,
    directory: world.directory,
    envelope: world.envelope,
    tokenSource: source,
    breaker,
    // Nothing is held here long enough to be probed.
    prober: { look: async () => {}, start() {}, stop() {}, idle: async () => {} },
    attempts: { fitness: () => 'later' as const, make: async () => {} },
    uncommitted,
    killSwitches: { ...world.freezes, ...NO_SWITCHES },
    idle: source.idle,
    keys: {
      envelope: world.envelope,
      state: { opens: true, activeKid: 'k1', kids: ['k1'], missing: [] },
      check: createRecordCheck(world.envelope, ['k1']),
      unreadable: createUnreadableConnections(log, audit),
    },
  }
  const parts = { config, programs, portals, upstream, vault, audit, log, clock }
  const pages = createPages({ viewsDir: VIEWS })
  const authenticator = createAuthenticator({
    keys: configuredKeys(config.portals, [bound.known]),
    pepper: pepperKey(pepper),
    addressOf: () => null,
    clock,
  })
  const metrics = createMetrics({ programs: [], skews: () => [] })
  const limits = composeLimits({ config, audit, metrics, log, clock })
  const door = createDoor(authenticator, log, audit, limits)
  const tokenAnswer = createTokenAnswer(programs)
  const countHandOut = createCountHandOut(audit)
  const consent = composeConsent({ ...parts, pages })
  const portalRouters = composePortal({ ...parts, consent, door, tokenAnswer, countHandOut })
  const app = createApp({
    door,
    proxyRouter: composeProxy({ ...parts, door, metrics }),
    portalRouters,
    probeRouter: Router(),
    openApiRouter: Router(),
    assetRouter: Router(),
    consentRouter: consent.router,
    pages,
    pageLimit: limits.page,
    limits: config.settings.http,
    storeLimitMs,
    log,
    clock,
  })
  const hotToken = createHotToken({
    authenticator,
    tokenSource: source,
    tokenAnswer,
    countHandOut,
    limits: limits.api,
    defaultMinTtlMs: config.settings.knoxToken.defaultMinTtlMs,
    storeLimitMs,
    log,
  })
  const { url } = await serve((req, res) => hotToken(req, res, () => app(req, res)))
  type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options' | 'head'
  const send = (method: string, path: string): Test =>
    request(url)[method.toLowerCase() as Method](path)

  return {
    ...world,
    url,
    portalRouters,
    consent,
    source,
    breaker,
    get faulty() {
      if (seen.faulty === undefined) throw new Error('no store')
      return seen.faulty
    },
    /** How often something in the store was changed. */
    writes: () => seen.writes,
    /** A call without a key. */
    send,
    /** A call of acme's, with its whole key unless another is given. */
    call: (method: string, path: string, apiKey = acme.apiKey): Test =>
      send(method, path).set('authorization', `Bearer ${apiKey}`),
  }
}

/** Counts what changes the store; a write that was lost changes nothing. */
function countWrites(store: Store, count: () => void): Store {
  return {
    ...store,
    async compareAndSet(...args) {
      const result = await store.compareAndSet(...args)
      if (result.outcome === 'won') count()
      return result
    },
    async setReference(...args) {
      count()
      return store.setReference(...args)
    },
    async addToIndex(...args) {
      count()
      return store.addToIndex(...args)
    },
    async removeFromIndex(...args) {
      count()
      return store.removeFromIndex(...args)
    },
  }
}
