import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Consented, consent } from '../../scripts/stack/portal-client.ts'
import { eventually } from '../support/eventually.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { type Rig, startRig } from '../support/service-rig.ts'
import { expire, storedConnection } from '../support/stored-connection.ts'

/** What a caller may wait while the store is away. */
const PATIENCE_MS = 2000
/** The trail is kept in the store as well, and may be the first to miss it. */
const AWAY = expect.stringMatching(/^(store|audit)_unavailable$/)
const KEPT = ['--appendonly', 'yes', '--appendfsync', 'always']

let dir: string
let rig: Rig
let redis: RedisServer
let fresh: string
let expired: string
let waiting: Consented

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'knoxgate-service-outage-'))
  rig = await startRig({ redisDir: dir, redisArgs: KEPT })
  redis = rig.redis
  const { call, stack } = rig
  fresh = await rig.connect('tenant-1')
  expired = await rig.connect('tenant-2', 'ben')
  for (const id of [fresh, expired]) await rig.token(id)
  await expire(rig.db, expired)
  const returnUrl = stack.portals[0]?.returnUrl ?? ''
  waiting = await consent({ call, program: stack.programId, tenantRef: 'tenant-3', returnUrl })
  rig.sandbox.clearRecord()
})
afterEach(async () => {
  await rig?.close()
  await redis.stop()
  await rm(dir, { recursive: true, force: true })
})

async function restart(): Promise<void> {
  redis = await startRedis({ dir, args: KEPT, port: rig.redis.port })
}

const proof = () => ({ result_code: waiting.resultCode, code_verifier: waiting.verifier })
const completePath = () => `/v1/connect-sessions/${waiting.session.body.id}/complete`
const isReady = async () => (await fetch(`${rig.stack.url}/readyz`)).status === 200

/** Every route that needs the store. */
function routes(): readonly (readonly [method: string, path: string, body?: unknown])[] {
  const newSession = {
    program: rig.stack.programId,
    tenant_ref: 'tenant-4',
    return_url: rig.stack.portals[0]?.returnUrl,
    code_challenge: 'a'.repeat(43),
  }
  return [
    ['POST', `/v1/connections/${fresh}/token`],
    ['POST', `/v1/connections/${fresh}/token`, { min_ttl_seconds: 100 }],
    ['POST', `/v1/connections/${expired}/token`],
    ['POST', `/v1/connections/${fresh}/verify`],
    ['GET', `/v1/connections/${fresh}`],
    ['GET', `/v1/connections/conn_${'0'.repeat(32)}`],
    ['GET', '/v1/connections'],
    ['GET', '/v1/connections?tenant_ref=tenant-1'],
    ['DELETE', `/v1/connections/${fresh}`],
    ['POST', '/v1/connect-sessions', newSession],
    ['GET', `/v1/connect-sessions/${waiting.session.body.id}`],
    ['POST', completePath(), proof()],
  ]
}

async function timed<T>(work: Promise<T>): Promise<readonly [T, number]> {
  const startedAt = performance.now()
  const result = await work
  return [result, performance.now() - startedAt]
}

async function expectUnavailable(): Promise<void> {
  for (const route of routes()) {
    const [{ status, body, headers }, ms] = await timed(rig.call(...route))
    const told = { code: AWAY, owner: 'operator', retryable: true }
    expect([route, status, body]).toMatchObject([route, 503, told])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect([route, ms < PATIENCE_MS]).toEqual([route, true])
  }
  const { id } = waiting.session.body
  for (const path of [
    `/connect/${id}`,
    `/callback/emm-eu?code=a&state=${id}.${'A'.repeat(22)}`,
    `/callback/emm-eu/continue?handle=${'A'.repeat(43)}`,
  ]) {
    const [answer, ms] = await timed(fetch(rig.stack.url + path))
    expect([path, answer.status]).toEqual([path, 503])
    expect(await answer.text()).toContain('Please try again in a moment')
    expect(ms).toBeLessThan(PATIENCE_MS)
  }
  expect(rig.sandbox.record().requests).toEqual([])
}

async function expectHonestProbes(): Promise<void> {
  const [service] = rig.stack.services
  const authorized = { headers: { authorization: `Bearer ${rig.stack.adminToken}` } }
  for (const url of [service?.url, service?.adminUrl]) {
    const [live, liveMs] = await timed(fetch(`${url}/livez`))
    const [ready, readyMs] = await timed(fetch(`${url}/readyz`))
    expect([live.status, ready.status]).toEqual([200, 503])
    expect(await ready.json()).toEqual({ status: 'not_ready' })
    expect(liveMs).toBeLessThan(500)
    expect(readyMs).toBeLessThan(1000)
  }
  const verbose = await fetch(`${service?.adminUrl}/readyz?verbose`, authorized)
  expect([verbose.status, await verbose.json()]).toMatchObject([
    503,
    { status: 'not_ready', store: { answers: false }, key_ring: { opens: true } },
  ])
  expect((await fetch(`${service?.adminUrl}/metrics`, authorized)).status).toBe(200)
}

/** Nothing was lost, and the process is the one that was there before. */
async function expectAllBack(): Promise<void> {
  await eventually(isReady)
  expect((await rig.token(fresh)).status).toBe(200)
  // The trail tries again by itself, and no token is made before it has written.
  await eventually(async () => (await rig.token(expired)).status === 200, 2000)
  expect(rig.grants('refresh_token')).toBe(1)
  expect((await rig.call('GET', '/v1/connections')).body.data).toHaveLength(2)
  const done = await rig.call('POST', completePath(), proof())
  expect([done.status, done.body.status]).toEqual([200, 'active'])
  const [service] = rig.stack.services
  expect(await Promise.race([service?.ended, Promise.resolve('runs')])).toBe('runs')
  // The trail is kept in the store as well: that it cannot be written is told once, and nothing else.
  const errors = (service?.output() ?? '')
    .split('\n')
    .filter((line) => line.includes('"level":"error"'))
  expect(errors.filter((line) => !line.includes('"event":"audit_not_written"'))).toEqual([])
  expect(errors.length).toBeLessThanOrEqual(1)
}

describe('while Redis is', () => {
  it('gone, every call is refused in time; and all is there when it is back', async () => {
    await redis.stop('SIGKILL')

    await expectUnavailable()
    await expectHonestProbes()
    await restart()
    await expectAllBack()
  })

  it('hung, every call is refused in time; and all is there when it goes on', async () => {
    process.kill(redis.pid, 'SIGSTOP')

    await expectHonestProbes()
    await expectUnavailable()
    process.kill(redis.pid, 'SIGCONT')
    await expectAllBack()
  })
})

it('refuses those who call at the moment of a hang in time as well, on every route', async () => {
  process.kill(redis.pid, 'SIGSTOP')
  const answers = await Promise.all(routes().map((route) => timed(rig.call(...route))))
  process.kill(redis.pid, 'SIGCONT')

  const seen = answers.map(([{ status, body }, ms]) => [status, body.code, ms < PATIENCE_MS])
  expect(seen).toEqual(routes().map(() => [503, AWAY, true]))
  await expectAllBack()
})

describe('a token set that Samsung renewed while Redis', () => {
  /** Ends when Samsung has answered and the service has nobody to give the answer to. */
  async function renewing(harm: () => Promise<void>) {
    rig.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 600 } })
    const arrived = rig.sandbox.arrival('token')
    const calling = rig.token(expired)
    await arrived
    await harm()
    await eventually(() => rig.grants('refresh_token') === 1)
    return { calling }
  }

  async function expectStored(): Promise<void> {
    const isStored = async () => (await storedConnection(rig.db, expired)).record.generation === 2
    await eventually(isStored)
    expect((await storedConnection(rig.db, expired)).binding.refresh.state).toBe('ok')
    await eventually(isReady)
    await expire(rig.db, expired)
    expect((await rig.token(expired)).status).toBe(200)
    expect(rig.grants('refresh_token')).toBe(2)
    expect(rig.sandbox.record().refused.token).toBe(0)
  }

  it.each([
    ['was gone', () => redis.stop('SIGKILL'), restart],
    [
      'hung',
      async () => void process.kill(redis.pid, 'SIGSTOP'),
      async () => void process.kill(redis.pid, 'SIGCONT'),
    ],
  ])('%s is stored as soon as it is back, and its caller is answered in time', async (...how) => {
    const [, harm, mend] = how
    const { calling } = await renewing(harm)

    const [{ status, body }, ms] = await timed(calling)
    expect([status, body.code, ms < PATIENCE_MS]).toEqual([503, 'store_unavailable', true])
    await mend()
    await expectStored()
  })
})
