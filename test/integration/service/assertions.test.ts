import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Answer,
  type Call,
  connect,
  createCall,
} from '../../../scripts/stack/portal-client.ts'
import { AUDIT_KEY } from '../../../src/audit/sink-redis.ts'
import { makeJws, otherSignature } from '../../support/assertions.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const PORTAL = 'acme-console'
const KEYS = `/admin/v1/portals/${PORTAL}/keys`
const KEPT = ['--appendonly', 'yes', '--appendfsync', 'always']
const SCOPES = ['connect', 'connections:read', 'connections:write', 'tokens']

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })

let rig: Rig
let dir: string
let admin: Call
/** The key that the operator has registered. */
let kid: string
let id: string
let restarted: RedisServer | undefined
let count = 0

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'knoxgate-redis-'))
  rig = await startRig({ replicas: 2, redisDir: dir, redisArgs: KEPT })
  admin = createCall(rig.stack.services[0]?.adminUrl ?? '', rig.stack.adminToken)
  kid = await register()
})
afterAll(async () => {
  await rig?.close()
  await restarted?.stop()
  rmSync(dir, { recursive: true, force: true })
})

async function register(): Promise<string> {
  const public_key = pair.publicKey.export({ format: 'jwk' })
  const { status, body } = await admin('POST', KEYS, { public_key, scopes: SCOPES })
  expect([status, body.api_key]).toEqual([201, undefined])
  const key = String(body.key.id)
  const there = callBy(1, () => assertion({}, key))
  await eventually(async () => (await there('GET', '/v1/connections')).status === 200)
  return key
}

/** All that the audit trail has. */
const trail = async () => JSON.stringify(await rig.db.xrange(AUDIT_KEY, '-', '+'))

/** A new assertion, as the portal would sign one for a call of now. */
function assertion(claims: Readonly<Record<string, unknown>> = {}, key = kid): string {
  count += 1
  const now = Math.floor(Date.now() / 1000)
  return makeJws(
    'ES256',
    pair.privateKey,
    { alg: 'ES256', kid: key, typ: 'JWT' },
    {
      iss: PORTAL,
      sub: PORTAL,
      aud: rig.stack.env.PUBLIC_URL,
      iat: now,
      exp: now + 60,
      jti: `call-${count}`,
      ...claims,
    },
  )
}

/** Calls one of the services, with what is made for each call. */
const callBy =
  (service: number, make: () => string): Call =>
  (...args) =>
    createCall(rig.stack.services[service]?.url ?? '', make())(...args)

const tokenBy = (text: string, service = 0): Promise<Answer> =>
  callBy(service, () => text)('POST', `/v1/connections/${id}/token`)

it('do the whole job: consent, token, check and deletion, without an API key', async () => {
  const call = callBy(0, () => assertion())
  const { id: portalId, returnUrl = '' } = rig.stack.portals[0] ?? {}
  const program = rig.stack.programId
  const made = await connect({
    call,
    program,
    tenantRef: 'tenant-1',
    returnUrl,
    administrator: 'ada',
  })
  id = made.body.id
  const path = `/v1/connections/${id}`

  expect([portalId, made.status, made.body.status]).toEqual([PORTAL, 200, 'active'])
  // Also when the token is at hand.
  for (const service of [0, 1, 0, 1]) {
    const { status, body } = await tokenBy(assertion(), service)
    expect([status, Object.keys(body.headers)]).toEqual([200, ['x-knox-apitoken']])
  }
  expect((await call('POST', `${path}/verify`)).status).toBe(200)
  expect((await call('GET', '/v1/connections')).body.data).toHaveLength(1)
  const second = await connect({
    call,
    program,
    tenantRef: 'tenant-2',
    returnUrl,
    administrator: 'ben',
  })
  expect((await call('DELETE', `/v1/connections/${second.body.id}`)).status).toBe(204)
})

describe('an assertion', () => {
  it('opens one call: the same text is refused in every process, also for a token at hand', async () => {
    const text = assertion()
    await tokenBy(assertion())

    expect((await tokenBy(text)).status).toBe(200)
    for (const service of [0, 1]) {
      expect((await tokenBy(text, service)).status).toBe(401)
      expect((await tokenBy(otherSignature(text), service)).status).toBe(401)
    }
  })

  it('opens exactly one of twenty calls that are made with it at once, to two processes', async () => {
    for (let round = 0; round < 5; round += 1) {
      const text = assertion()
      const calls = Array.from({ length: 20 }, (_, at) => tokenBy(text, at % 2))
      const answers = (await Promise.all(calls)).map(({ status }) => status)

      expect(answers.filter((status) => status === 200)).toHaveLength(1)
      expect(answers.filter((status) => status === 401)).toHaveLength(19)
    }
  })

  it.each([
    [-90, 401],
    [-50, 200],
    [50, 200],
    [90, 401],
  ])('of a portal whose clock is %i s off is answered with %i', async (skew, status) => {
    const iat = Math.floor(Date.now() / 1000) + skew

    expect((await tokenBy(assertion({ iat, exp: iat + 20 }))).status).toBe(status)
  })

  it('that is refused gets one answer, whatever is wrong with it; the log and the trail say what', async () => {
    const now = Math.floor(Date.now() / 1000)
    const used = assertion()
    await tokenBy(used)
    const wrong = [
      [used, 'assertion_replayed'],
      [assertion({ aud: 'https://elsewhere.example' }), 'assertion_audience'],
      [assertion({ aud: [rig.stack.env.PUBLIC_URL] }), 'assertion_audience'],
      [assertion({ iss: 'other' }), 'assertion_issuer'],
      [assertion({ exp: now + 301, iat: now }), 'assertion_lifetime'],
      [assertion({ exp: now - 60, iat: now - 120 }), 'assertion_expired'],
      [assertion({ iat: now + 90, exp: now + 100 }), 'assertion_early'],
      [assertion({ jti: undefined }), 'assertion_claims'],
      [assertion({}, 'nobody'), 'assertion_key'],
      [assertion().replace(/[^.]+$/, 'A'.repeat(86)), 'assertion_signature'],
      [assertion().replace(/[^.]+$/, ''), 'assertion_malformed'],
    ] as const
    const bodies = new Set<string>()
    for (const [text] of wrong) {
      const { status, headers, body } = await tokenBy(text)
      const { trace_id: _, ...said } = body
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="knoxgate"'])
      bodies.add(JSON.stringify(said))
    }
    const nobody = await tokenBy(`kg_nobody_${'A'.repeat(43)}`)
    const { trace_id: _, ...said } = nobody.body
    expect([...bodies]).toEqual([JSON.stringify(said)])

    const output = () => rig.stack.services[0]?.output() ?? ''
    const logged = () =>
      output()
        .split('\n')
        .filter((line) => line.includes('"api_key_refused"'))
        .map((line) => JSON.parse(line).reason)
    // The last of them, which was no assertion, has none.
    await eventually(async () => logged().at(-1) === undefined)
    expect(logged().slice(-wrong.length - 1, -1)).toEqual(wrong.map(([, reason]) => reason))
    await eventually(async () => {
      const entries = await trail()
      return wrong.every(([, reason]) => entries.includes(reason))
    })
    const written = (await trail()) + output()
    expect(wrong.filter(([text]) => written.includes(text.split('.')[1] ?? ''))).toEqual([])
  })

  it('leaves the id of its key in the trail as who it was', async () => {
    await tokenBy(assertion(), 1)

    await eventually(async () => (await trail()).includes(String.raw`\"key\":\"${kid}\"`))
    const listed = await admin('GET', KEYS)
    expect(listed.body.data.at(-1)).toMatchObject({ id: kid, type: 'assertion', status: 'active' })
  })
})

describe('without Redis', () => {
  it('nobody is let in by an assertion, and what was used stays used after it is back', async () => {
    const [used, fresh] = [assertion({}), assertion({})]
    expect((await tokenBy(used)).status).toBe(200)
    await rig.redis.stop('SIGKILL')

    for (const text of [used, fresh, assertion()]) {
      const { status, headers, body } = await tokenBy(text)
      expect([status, body.code]).toEqual([503, 'store_unavailable'])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }

    restarted = await startRedis({ dir, port: rig.redis.port, args: KEPT })
    await eventually(async () => (await tokenBy(assertion())).status === 200)
    await eventually(async () => (await tokenBy(assertion(), 1)).status === 200)
    for (const service of [0, 1]) expect((await tokenBy(used, service)).status).toBe(401)
    // A process that has just started has not forgotten it either.
    const { service } = await rig.another()
    const call = createCall(service.url, used)
    expect((await call('POST', `/v1/connections/${id}/token`)).status).toBe(401)
    expect(await rig.db.keys('kg:{jti_*')).not.toEqual([])
  })
})

describe('a key that signs assertions', () => {
  it('is of no use in any process within a second of being revoked', async () => {
    expect((await admin('DELETE', `${KEYS}/${kid}`)).status).toBe(204)
    const since = performance.now()

    expect((await tokenBy(assertion())).status).toBe(401)
    let lastOpenMs = 0
    await eventually(async () => {
      const askedAt = performance.now() - since
      if ((await tokenBy(assertion(), 1)).status === 401) return true
      lastOpenMs = askedAt
      return false
    })
    expect(lastOpenMs).toBeLessThan(1000)
  })
})
