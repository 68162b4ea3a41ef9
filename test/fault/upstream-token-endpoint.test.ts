import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { consent } from '../../scripts/stack/portal-client.ts'
import type { FaultAction } from '../../src/sandbox/control/faults.ts'
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { TOKEN_PATH } from '../../src/sandbox/urls.ts'
import { eventually } from '../support/eventually.ts'
import { type Rig, startRig } from '../support/service-rig.ts'
import { age, expire, storedConnection } from '../support/stored-connection.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const TIMEOUT_MS = 1000

let rig: Rig
let sandbox: Sandbox
/** In front of the token endpoint alone. */
let gate: TcpFaultProxy
let id: string
let tenants = 0
/** Requests that reached the token endpoint, answered or not. */
let arrived = 0

beforeAll(async () => {
  sandbox = await createSandbox({ clock: Date.now })
  sandbox.state.arrivals.on('token', () => {
    arrived += 1
  })
  gate = await startTcpFaultProxy(Number(new URL(sandbox.url).port))
  rig = await startRig({
    sandbox,
    program: { samsungAccount: { token_url: `http://127.0.0.1:${gate.port}${TOKEN_PATH}` } },
    env: {
      KNOXGATE_UPSTREAM_TIMEOUT: `${TIMEOUT_MS}ms`,
      // Only as often as a test says.
      KNOXGATE_REFRESH_BACKOFF_MIN: '50s',
    },
  })
})
afterAll(async () => {
  await rig?.close()
  await gate.shut()
  await sandbox.close()
})
beforeEach(async () => {
  id = await rig.connect(newTenant())
  sandbox.clearRecord()
  arrived = 0
})
afterEach(async () => {
  sandbox.clearFaults()
  sandbox.control({ rotation: null })
  // Nothing is left under way that the next test could take for its own.
  await eventually(() => tokenRequests().length === arrived)
})

function newTenant(): string {
  tenants += 1
  return `tenant-${tenants}`
}

const view = async () => (await rig.call('GET', `/v1/connections/${id}`)).body
const tokenRequests = () => sandbox.record().requests.filter(({ on }) => on === 'token')
const nextTry = () => age(rig.db, id, { retryInMs: -1 })
const refresh = async () => (await storedConnection(rig.db, id)).binding.refresh

async function outcomes(): Promise<Readonly<Record<string, number>>> {
  const headers = { authorization: `Bearer ${rig.stack.adminToken}` }
  const answer = await fetch(`${rig.stack.services[0]?.adminUrl}/admin/v1/status`, { headers })
  const report = (await answer.json()) as { refresh_outcomes: Record<string, number> }
  return report.refresh_outcomes
}

/** Ways in which an answer may be lost; `acted`: Samsung has rotated by then. */
const LOST: readonly (readonly [string, FaultAction, boolean])[] = [
  ['a 500', { kind: 'status', status: 500, body: '<html>' }, false],
  ['a 503 from a gateway', { kind: 'status', status: 503, body: {} }, false],
  ['a 200 without tokens', { kind: 'status', status: 200, body: { ok: true } }, false],
  ['a redirect', { kind: 'status', status: 302, headers: { Location: '/' } }, false],
  ['a reset before it acted', { kind: 'reset' }, false],
  ['a reset after it acted', { kind: 'reset_after_effect' }, true],
  ['half an answer', { kind: 'half_body' }, true],
  ['an answer that is no JSON', { kind: 'malformed' }, true],
  ['silence', { kind: 'delay', ms: 1.5 * TIMEOUT_MS }, true],
  ['an answer that drips', { kind: 'drip', ms: 100 }, true],
]

describe.each(LOST)('a refresh that ends with %s', (_, action, acted) => {
  it('leaves the outcome unknown: said so, not tried again at once, and nobody blamed', async () => {
    const before = await outcomes()
    sandbox.addFault({ on: 'token', do: action })
    await expire(rig.db, id)

    const answer = await rig.token(id)
    const held = await rig.token(id)

    for (const { status, body, headers } of [answer, held]) {
      const told = { code: 'refresh_outcome_unknown', owner: 'samsung', retryable: true }
      expect([status, body]).toMatchObject([503, told])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(arrived).toBe(1)
    expect(await view()).toMatchObject({
      status: 'degraded',
      status_reason: 'refresh_outcome_unknown',
      renewable: true,
    })
    expect((await outcomes()).ambiguous).toBe((before.ambiguous ?? 0) + 1)
  })

  it('recovers where Samsung does not rotate, or had not acted', async () => {
    const before = await outcomes()
    sandbox.control({ rotation: acted ? 'none' : 'rotate' })
    sandbox.addFault({ on: 'token', do: action })
    await expire(rig.db, id)
    await rig.token(id)

    await nextTry()
    const answer = await rig.token(id)

    expect(answer.status).toBe(200)
    expect((await view()).status).toBe('active')
    expect(arrived).toBe(2)
    expect((await outcomes()).recovered_after_uncertain).toBe(
      (before.recovered_after_uncertain ?? 0) + 1,
    )
  })
})

it('says that a consent was lost for a lost answer, when Samsung had rotated', async () => {
  const before = await outcomes()
  sandbox.addFault({ on: 'token', do: { kind: 'reset_after_effect' } })
  await expire(rig.db, id)
  await rig.token(id)

  await nextTry()
  const answer = await rig.token(id)

  expect([answer.status, answer.body.code]).toEqual([409, 'consent_required'])
  expect(await view()).toMatchObject({
    status: 'consent_required',
    status_reason: 'refused_after_unknown_outcome',
  })
  expect((await outcomes()).reauth_after_crash).toBe((before.reauth_after_crash ?? 0) + 1)
})

it('uses what lives while the outcome is unknown, and leaves the refresh token alone', async () => {
  sandbox.addFault({ on: 'token', do: { kind: 'reset_after_effect' } })
  const due = { leftMs: 600_000, lifeMs: 3_600_000 }
  await age(rig.db, id, { accessToken: due })

  const answers = [await rig.token(id)]
  for (const retryInMs of [50_000, -1]) {
    await age(rig.db, id, { knoxToken: { leftMs: -1000 }, retryInMs })
    answers.push(await rig.token(id))
  }

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(new Set(answers.map(({ body }) => body.token_id)).size).toBe(3)
  expect(arrived).toBe(1)
  expect((await refresh()).state).toBe('uncertain')
  expect((await view()).status).toBe('degraded')
})

it('keeps a renewed token set although Knox fails right after', async () => {
  sandbox.addFault({ on: 'ams', do: { kind: 'reset' } })
  await expire(rig.db, id)
  const failed = await rig.token(id)
  await expire(rig.db, id)
  const renewed = await rig.token(id)

  expect([failed.body.code, renewed.status]).toEqual(['upstream_unreachable', 200])
  const [first, second] = tokenRequests()
  expect(second?.presented).toBe(first?.issued?.refreshToken)
})

it('backs off further after every failure, and forgets it after a success', async () => {
  sandbox.addFault({ on: 'token', times: 3, do: { kind: 'reset' } })
  await expire(rig.db, id)

  const waits: number[] = []
  for (let attempt = 1; attempt <= 3; attempt++) {
    await rig.token(id)
    const { failures, retryAt = 0, since } = await refresh()
    expect(failures).toBe(attempt)
    waits.push(retryAt - since)
    await nextTry()
  }
  await rig.token(id)

  expect(waits).toEqual([50_000, 60_000, 60_000])
  expect(await refresh()).toMatchObject({ state: 'ok', failures: 0 })
})

describe.each([
  ['429', { kind: 'status', status: 429 }, 503, 'upstream_rate_limited'],
  ['an unknown 403', { kind: 'status', status: 403, body: 'no' }, 503, 'upstream_unavailable'],
  [
    'an unknown code',
    { kind: 'status', status: 404, body: { error_code: 'AUT_9999' } },
    503,
    'upstream_unavailable',
  ],
] as const)('a refresh that ends with %s', (_, action, status, code) => {
  it('kept its token for certain, and is tried again later', async () => {
    sandbox.addFault({ on: 'token', do: action })
    await expire(rig.db, id)

    const answer = await rig.token(id)
    const state = await refresh()
    await nextTry()

    expect([answer.status, answer.body]).toMatchObject([status, { code, retryable: true }])
    expect(state).toMatchObject({ state: 'ok', failures: 1 })
    expect((await rig.token(id)).status).toBe(200)
  })
})

describe('a token endpoint that is not there', () => {
  afterEach(() => gate.open())

  it('costs nothing at a refresh, and is over when it is back', async () => {
    await expire(rig.db, id)
    await gate.shut()
    const answer = await rig.token(id)
    const shown = await view()
    await gate.open()
    await nextTry()
    const back = await rig.token(id)
    await gate.shut()

    expect([answer.status, answer.body]).toMatchObject([
      502,
      { code: 'upstream_unreachable', owner: 'samsung', retryable: true },
    ])
    expect(shown).toMatchObject({ status: 'degraded', status_reason: 'refresh_failing' })
    expect([back.status, arrived]).toEqual([200, 1])
    expect((await refresh()).state).toBe('ok')
  })

  it('leaves a consent to be completed later, with the code it brought', async () => {
    const { call, stack } = rig
    const returnUrl = stack.portals[0]?.returnUrl ?? ''
    const tenantRef = newTenant()
    const given = await consent({ call, program: stack.programId, tenantRef, returnUrl })
    const path = `/v1/connect-sessions/${given.session.body.id}`
    const proof = { result_code: given.resultCode, code_verifier: given.verifier }
    await gate.shut()

    const early = await call('POST', `${path}/complete`, proof)
    const between = await call('GET', path)
    await gate.open()
    const done = await call('POST', `${path}/complete`, proof)
    await gate.shut()

    expect([early.status, early.body.code]).toEqual([502, 'upstream_unreachable'])
    expect(between.body.status).toBe('awaiting_completion')
    expect([done.status, done.body.status]).toEqual([200, 'active'])
  })
})

it('never sends a code a second time when it cannot know what became of it', async () => {
  const { call, stack } = rig
  const returnUrl = stack.portals[0]?.returnUrl ?? ''
  const tenantRef = newTenant()
  const given = await consent({ call, program: stack.programId, tenantRef, returnUrl })
  const path = `/v1/connect-sessions/${given.session.body.id}`
  const proof = { result_code: given.resultCode, code_verifier: given.verifier }
  sandbox.addFault({ on: 'token', do: { kind: 'reset_after_effect' } })

  const answers = [
    await call('POST', `${path}/complete`, proof),
    await call('POST', `${path}/complete`, proof),
  ]

  for (const { status, body } of answers)
    expect([status, body]).toMatchObject([409, { code: 'session_ended', owner: 'customer' }])
  expect((await call('GET', path)).body.status).toBe('failed')
  expect(arrived).toBe(1)
  // The customer is free to connect: nothing holds their place.
  expect(await rig.connect(tenantRef)).toMatch(/^conn_/)
})
