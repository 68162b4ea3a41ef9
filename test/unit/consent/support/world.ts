import { createHash, randomBytes } from 'node:crypto'
import type { Portal, Program } from '../../../../src/config/config.ts'
import { createBrowserFlow } from '../../../../src/consent/browser-flow.ts'
import { createCallbackKeeper } from '../../../../src/consent/callback-handover.ts'
import { createCompleteSession } from '../../../../src/consent/complete-session.ts'
import { createCreateSession, type NewSession } from '../../../../src/consent/create-session.ts'
import {
  createHandovers,
  createSessionClock,
  createSessions,
} from '../../../../src/consent/sessions.ts'
import { createStoreConsent } from '../../../../src/consent/store-consent.ts'
import type { CallbackResult } from '../../../../src/samsung-account/callback.ts'
import type { ConnectSessionId } from '../../../../src/shared/ids.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import { createUnderWay } from '../../../../src/shared/under-way.ts'
import { createUncommitted } from '../../../../src/vault/uncommitted.ts'
import { makeProgram } from '../../samsung-account/program.ts'
import { createFaultyStore } from '../../vault/support/faulty-store.ts'
import { createWorld, PORTAL, PROGRAM, type WorldOptions } from '../../vault/support/world.ts'

export const RETURN_URL = 'https://console.acme.example/knox/return?lang=en'
export const LIFETIME_MS = 600_000
export const COMPLETE_WITHIN_MS = 240_000

const program: Program = makeProgram('https://eu-kcs-api.example')

export const portal: Portal = {
  id: PORTAL,
  name: 'Acme Console',
  returnUrls: [RETURN_URL],
  programs: [PROGRAM],
  apiKeys: [],
}

/** A PKCE pair (RFC 7636 §4.1 and §4.2). */
export function verifierPair() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type ConsentWorld = ReturnType<typeof createConsentWorld>

/** The real parts of consent over the real vault, and browsers that only know what a browser knows. */
export function createConsentWorld(options: Omit<WorldOptions, 'wrapStore'> = {}) {
  const lines = { faulty: undefined as ReturnType<typeof createFaultyStore> | undefined }
  const world = createWorld({
    ...options,
    wrapStore(store) {
      lines.faulty = createFaultyStore(store)
      return lines.faulty.store
    },
  })
  const { store, envelope, connections, directory, settings, audit, log, samsung } = world
  const programs = new Map([
    [PROGRAM, program],
    ['emm-us', { ...program, id: 'emm-us' }],
  ])
  const clientOf = () => samsung.account
  const sessions = createSessions(store, 24 * 3_600_000)

  /** One process of the service. @param aheadMs - Its clock, against the store's. */
  function service(aheadMs = 0) {
    const clock = () => world.clock() + aheadMs
    const uncommitted = createUncommitted({ settings, clock, log })
    const storeConsent = createStoreConsent({
      connections,
      directory,
      envelope,
      uncommitted,
      kindOf: () => 'samsung-account',
      settings,
      clock,
      audit,
      log,
    })
    const underWay = createUnderWay()
    const kept = { connections, directory, envelope, uncommitted, clock, audit, log }
    const shared = { sessions, ...kept, clientOf, freezes: world.freezes }
    return {
      uncommitted,
      flow: createBrowserFlow({
        ...shared,
        settings: { completeWithinMs: COMPLETE_WITHIN_MS },
      }),
      complete: createCompleteSession({ ...shared, storeConsent, underWay, settings }),
      create: createCreateSession({
        ...shared,
        sessionClock: createSessionClock(store),
        programs,
        settings: { lifetimeMs: LIFETIME_MS },
      }),
    }
  }

  const { flow, complete, create } = service()

  /** A new session and the verifier that its portal keeps. */
  async function begin(wish: Partial<NewSession> = {}, by: Portal = portal) {
    const { verifier, challenge } = verifierPair()
    const session = await create(by, {
      program: PROGRAM,
      tenantRef: 'tenant-1',
      returnUrl: RETURN_URL,
      codeChallenge: challenge,
      allowAccountChange: false,
      ...wish,
    })
    return { id: session.id, verifier, challenge }
  }

  /** Continue, in a browser that may have a cookie from before; the way to Samsung. */
  async function start(id: ConnectSessionId, cookie?: string) {
    const step = await flow.start(id, cookie)
    if (step.kind !== 'samsung') throw new Error(`${step.kind}: ${JSON.stringify(step)}`)
    const state = new URL(step.url).searchParams.get('state') ?? ''
    return { cookie: step.cookie, state }
  }

  const codeResult = (state: string, code = 'ada', livesSeconds?: number): CallbackResult => ({
    kind: 'code',
    code: new Secret(code),
    state,
    ...(livesSeconds === undefined ? {} : { codeExpiresInSeconds: livesSeconds }),
  })

  /** Samsung sends the browser back. */
  const back = (result: CallbackResult, cookie: string | undefined, programId = PROGRAM) =>
    flow.callback(programId, result, () => cookie)

  /** All the way to the portal's return URL. */
  async function consent(wish: Partial<NewSession> = {}, code = 'ada') {
    const begun = await begin(wish)
    const { state, cookie } = await start(begun.id)
    const step = await back(codeResult(state, code), cookie)
    if (step.kind !== 'portal') throw new Error(`${step.kind}: ${JSON.stringify(step)}`)
    const resultCode = new URL(step.url).searchParams.get('result_code') ?? ''
    return { ...begun, state, cookie, resultCode, url: step.url }
  }

  /** All the way to a connection. */
  async function connect(wish: Partial<NewSession> = {}, code = 'ada') {
    const { id, verifier, resultCode } = await consent(wish, code)
    return complete(portal, id, { resultCode, codeVerifier: verifier })
  }

  return {
    ...world,
    get faulty() {
      if (lines.faulty === undefined) throw new Error('no store')
      return lines.faulty
    },
    sessions,
    callbacks: createCallbackKeeper({ handovers: createHandovers(store), envelope }),
    service,
    flow,
    complete,
    create,
    begin,
    start,
    back,
    codeResult,
    consent,
    connect,
    session: async (id: string) => (await sessions.read(id))?.record,
  }
}
