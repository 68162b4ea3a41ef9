import { describe, expect, it } from '@jest/globals'
import express, { type ErrorRequestHandler } from 'express'
import request from 'supertest'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import type { Portal, Scope } from '../../../src/config/config.ts'
import { portalIdOf, requestContext } from '../../../src/http/request-context.ts'
import { createApiLimits } from '../../../src/limits/api-limits.ts'
import { createLimiter, type LimitName } from '../../../src/limits/limiter.ts'
import { createLoad } from '../../../src/limits/load.ts'
import { createRefusals } from '../../../src/limits/refusals.ts'
import { createStrangers } from '../../../src/limits/strangers.ts'
import { createDoor } from '../../../src/portal/admit.ts'
import { createApiKey } from '../../../src/portal/api-key.ts'
import { createAuthenticator } from '../../../src/portal/authenticate.ts'
import type { AuthenticateAssertion } from '../../../src/portal/authenticate-assertion.ts'
import { currentActor } from '../../../src/shared/actor.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { configuredKeys } from '../access/support/keys.ts'
import { type LoggedEvent, recordLog } from '../http/serve.ts'

const pepper = new Secret('a pepper of at least thirty-two characters')
const make = (scopes: readonly Scope[]) => createApiKey(pepper, { scopes })
const [good, old, stranger] = [make(['tokens']), make(['tokens']), make(['tokens'])]
const bearer = ({ apiKey }: ReturnType<typeof make>) => `Bearer ${apiKey.reveal()}`

const portal: Portal = {
  id: 'acme',
  name: 'Acme',
  returnUrls: [],
  programs: ['emm-eu'],
  apiKeys: [good.entry],
}

interface Options {
  /** Quotas of ten seconds; nothing is limited without one. */
  readonly quotas?: Partial<Record<LimitName, number>>
  readonly assertion?: AuthenticateAssertion
  readonly perPortal?: number
  readonly isFresh?: boolean
}

/** A door with a room behind it that needs the scope `tokens`, and one that never asks the door. */
function setUp({ quotas = {}, assertion, perPortal = 0, isFresh = true }: Options = {}) {
  const { log, lines } = recordLog()
  const tallied: (readonly [string, AuditEvent])[] = []
  const freshened: number[] = []
  const addressOf = () => '192.0.2.1'
  const clock = () => 1000
  const keys = configuredKeys([portal], [{ portal, ...old.entry, expiresAt: 1000 }])
  const authenticator = createAuthenticator({
    keys: {
      ...keys,
      isFresh: () => isFresh,
      freshen: async () => void freshened.push(1),
    },
    pepper,
    addressOf,
    clock,
    ...(assertion === undefined ? {} : { authenticateAssertion: assertion }),
  })
  const refusals = createRefusals({
    audit: { note: () => {} },
    metrics: { limited: () => {}, shed: () => {} },
    log,
    clock,
  })
  refusals.stop()
  const limiter = (name: LimitName) =>
    createLimiter({ name, quota: quotas[name] ?? 0, windowMs: 10_000 })
  const load = createLoad(
    {
      concurrentRequests: 0,
      concurrentRequestsPerPortal: perPortal,
      concurrentRequestsUnproven: 0,
    },
    refusals,
  )
  const api = createApiLimits({
    perAddress: limiter('address'),
    perKey: limiter('key'),
    perConnection: limiter('connection'),
    addressOf,
    refusals,
  })
  const strangers = createStrangers(limiter('failed_authentication'), addressOf)
  const audit = {
    tally: (kind: string, _key: string, event: () => AuditEvent) =>
      void tallied.push([kind, event()]),
  }
  const door = createDoor(authenticator, log, audit, { api, strangers, load, refusals })
  const held: (() => void)[] = []
  const app = express()
  app.use(requestContext({ log, clock }), (req, res, next) => {
    load.keep(
      req,
      load.enter(res, () => null),
    )
    next()
  })
  app.get('/unasked', (req, res) => void res.json(door.admit(req, res, 'tokens')))
  app.use(door.enter)
  app.get('/who', (req, res) => {
    const { apiKeyId } = door.admit(req, res, 'tokens')
    res.json({ apiKeyId, actor: currentActor(), portalId: portalIdOf(res) })
  })
  app.get('/list', (req, res) => void res.json(door.admit(req, res, 'connections:read')))
  app.get('/hold', (_req, res) => void held.push(() => res.end()))
  app.use(((error, _req, res, _next) => {
    const known = error instanceof ServiceError
    res.status(known ? error.status : 500).json(known ? { code: error.code } : { code: 'defect' })
  }) satisfies ErrorRequestHandler)
  const get = (path: string, authorization?: string) => {
    const asked = request(app).get(path)
    return authorization === undefined ? asked : asked.set('authorization', authorization)
  }
  const warned = (): readonly LoggedEvent[] =>
    lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn')
  return { app, get, warned, tallied, freshened, held, load }
}

const REFUSED = { event: 'authentication_failed', outcome: 'invalid_api_key' }

describe('whoever proves a key', () => {
  it('is let in, and is whom the work is done for', async () => {
    const { get, warned, tallied } = setUp()

    const { body } = await get('/who', bearer(good))

    expect(body).toEqual({
      apiKeyId: good.entry.id,
      portalId: 'acme',
      actor: {
        kind: 'portal',
        portalId: 'acme',
        apiKeyId: good.entry.id,
        traceId: expect.any(String),
      },
    })
    expect([warned(), tallied]).toEqual([[], []])
  })

  it('is told which scope a call needs, and that is recorded', async () => {
    const { get, warned, tallied } = setUp()

    const { status, body } = await get('/list', bearer(good))

    expect([status, body.code]).toEqual([403, 'insufficient_scope'])
    const reason = 'connections:read'
    expect(warned()).toMatchObject([
      { event: 'scope_refused', portalId: 'acme', apiKeyId: good.entry.id, reason },
    ])
    expect(tallied).toEqual([
      ['refusal', { event: 'scope_refused', outcome: 'insufficient_scope', reason }],
    ])
  })

  it('has the news about keys waited for, unless they are new', async () => {
    const fresh = setUp()
    const stale = setUp({ isFresh: false })

    expect((await fresh.get('/who', bearer(good))).status).toBe(200)
    expect((await stale.get('/who', bearer(good))).status).toBe(200)

    expect([fresh.freshened, stale.freshened]).toEqual([[], [1]])
  })

  it('is not let into a room that the door was not asked about', async () => {
    const { status, body } = await setUp().get('/unasked', bearer(good))

    expect([status, body.code]).toEqual([401, 'invalid_api_key'])
  })
})

describe('whoever proves none', () => {
  it('is refused, and nothing is known of them', async () => {
    const { get, warned, tallied } = setUp()

    for (const header of [undefined, 'Bearer nonsense', bearer(stranger)]) {
      const { status, body } = await get('/who', header)
      expect([status, body.code]).toEqual([401, 'invalid_api_key'])
    }

    expect(warned()).toMatchObject(Array(3).fill({ event: 'api_key_refused', method: 'GET' }))
    expect(tallied).toEqual(
      Array(3).fill(['refusal', { ...REFUSED, reason: 'api_key', subject: undefined }]),
    )
  })

  it('is refused in the same way with a key that has ended, which is recorded', async () => {
    const { get, warned, tallied } = setUp()

    const { status, body } = await get('/who', bearer(old))

    expect([status, body.code]).toEqual([401, 'invalid_api_key'])
    expect(warned()).toMatchObject([{ apiKeyId: old.entry.id, reason: 'expired' }])
    expect(tallied).toEqual([['refusal', { ...REFUSED, reason: 'expired', subject: old.entry.id }]])
  })

  it('is told to wait after too many failures; a key that was proven before is still good', async () => {
    const { get, warned } = setUp({ quotas: { failed_authentication: 2 } })
    expect((await get('/who', bearer(good))).status).toBe(200)

    const answers = []
    for (let n = 0; n < 3; n++) answers.push((await get('/who', bearer(stranger))).body.code)

    expect(answers).toEqual(['invalid_api_key', 'invalid_api_key', 'rate_limited'])
    expect(warned().filter(({ event }) => event === 'api_key_refused')).toHaveLength(2)
    expect((await get('/who', bearer(good))).status).toBe(200)
  })
})

describe('an assertion', () => {
  const principal = { portal, apiKeyId: 'signing', scopes: new Set<Scope>(['tokens']) }

  it('lets its portal in', async () => {
    const { get, tallied } = setUp({ assertion: async () => principal })

    expect((await get('/who', 'Bearer a.b.c')).body.apiKeyId).toBe('signing')
    expect(tallied).toEqual([])
  })

  it('that is refused says why, to nobody but the log', async () => {
    const refusal = { apiKeyId: 'signing', reason: 'assertion_replayed' } as const
    const { get, warned, tallied } = setUp({ assertion: async () => refusal })

    const { status, body } = await get('/who', 'Bearer a.b.c')

    expect([status, body]).toEqual([401, { code: 'invalid_api_key' }])
    expect(warned()).toMatchObject([refusal])
    expect(tallied).toEqual([
      ['refusal', { ...REFUSED, reason: 'assertion_replayed', subject: 'signing' }],
    ])
  })

  it('is not looked at for a key that is known', async () => {
    const { get } = setUp({ assertion: () => Promise.reject(new Error('looked at')) })

    expect((await get('/who', bearer(good))).status).toBe(200)
  })
})

describe('whoever asks too much', () => {
  it.each([
    ['address', undefined],
    ['key', bearer(good)],
  ] as const)('of the limit %s is refused beyond it', async (name, header) => {
    const { get } = setUp({ quotas: { [name]: 2 } })

    const answers = []
    for (let n = 0; n < 3; n++) answers.push(await get('/who', header))

    expect(answers.map(({ body }) => body.code === 'rate_limited')).toEqual([false, false, true])
    expect(answers.map(({ headers }) => headers.ratelimit)).toEqual([
      `"${name}";r=1;t=10`,
      `"${name}";r=0;t=10`,
      `"${name}";r=0;t=10`,
    ])
  })

  it('has a portal’s share of the places, from the moment in which it is known', async () => {
    const { get, held, load } = setUp({ perPortal: 1 })
    const first = get('/hold', bearer(good)).then(({ status }) => status)
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))

    expect((await get('/who', bearer(good))).body.code).toBe('overloaded')
    expect((await get('/who', bearer(stranger))).body.code).toBe('invalid_api_key')

    held[0]?.()
    expect(await first).toBe(200)
    while (load.inWork() > 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await get('/who', bearer(good))).status).toBe(200)
  })
})
