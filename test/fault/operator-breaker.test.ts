import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Answer, Call } from '../../scripts/stack/portal-client.ts'
import { eventually } from '../support/eventually.ts'
import { type Rig, startRig } from '../support/service-rig.ts'
import { age, expire, storedConnection } from '../support/stored-connection.ts'

/** Samsung refuses the operator's credentials for a while; two services share a Redis. */
const PROBE_MS = 2000
/** For two requests and a busy machine. */
const SLACK_MS = 3000
const CONNECTIONS = 12

let rig: Rig
let ids: string[]
/** A connection whose Knox token is at hand, though nothing could renew it now. */
let kept: string
let batch = 0

beforeAll(async () => {
  rig = await startRig({ replicas: 2 })
})
afterAll(() => rig?.close())
beforeEach(async () => {
  batch += 1
  const names = Array.from({ length: CONNECTIONS + 1 }, (_, i) => `tenant-${batch}-${i}`)
  const made: string[] = []
  for (const name of names) made.push(await rig.connect(name))
  kept = made.pop() ?? ''
  ids = made
  await rig.token(kept)
  rig.sandbox.clearRecord()
})
afterEach(() => {
  rig.sandbox.control({ clientSecretAccepted: true, publicKeyAccepted: true })
})

const tokenFrom = (call: Call, id: string) => call('POST', `/v1/connections/${id}/token`)
/** Every connection asks both services for a token. */
const askAll = (): Promise<readonly Answer[]> =>
  Promise.all(rig.calls.flatMap((call) => ids.map((id) => tokenFrom(call, id))))
const codesOf = (answers: readonly Answer[]) =>
  new Set(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()))

const viewFrom = async (call: Call, id: string) => (await call('GET', `/v1/connections/${id}`)).body
const view = (id: string) => viewFrom(rig.call, id)
const events = (name: string) =>
  rig.stack.services.flatMap((service) =>
    service
      .output()
      .split('\n')
      .filter((line) => line.includes(`"event":"${name}"`)),
  )
const admin = (service: number, path: string) =>
  fetch(`${rig.stack.services[service]?.adminUrl}${path}`, {
    headers: { authorization: `Bearer ${rig.stack.adminToken}` },
  })

/** Asks until both services know that the program is held. */
const untilHeld = () =>
  eventually(async () => {
    await askAll()
    const shown = await Promise.all(rig.calls.map((call) => viewFrom(call, kept)))
    return shown.every(({ status_reason: reason }) => reason === 'program_held')
  })

/** How long it takes until every connection is served by both services. */
async function untilServed(): Promise<number> {
  const startedAt = performance.now()
  await eventually(async () => (await tokenFrom(rig.call, ids[0] ?? '')).status === 200)
  await eventually(async () => (await askAll()).every(({ status }) => status === 200))
  return performance.now() - startedAt
}

describe('a client secret that is refused', () => {
  beforeEach(async () => {
    await Promise.all(ids.map((id) => expire(rig.db, id)))
    await age(rig.db, kept, { accessToken: { leftMs: -1000 } })
    rig.sandbox.control({ clientSecretAccepted: false })
  })

  it('raises one alarm, costs one request per interval, and is over as soon as it is mended', async () => {
    const alarmsBefore = events('operator_alarm').length
    const startedAt = performance.now()
    await untilHeld()
    while (performance.now() - startedAt < 2 * PROBE_MS) await askAll()
    const intervals = Math.ceil((performance.now() - startedAt) / PROBE_MS)

    expect(codesOf(await askAll())).toEqual(new Set(['502 upstream_refused_client']))
    expect(events('operator_alarm').length - alarmsBefore).toBe(1)
    expect(rig.grants('refresh_token')).toBeGreaterThan(1)
    expect(rig.grants('refresh_token')).toBeLessThanOrEqual(2 * CONNECTIONS + intervals)
    rig.sandbox.control({ clientSecretAccepted: true })
    expect(await untilServed()).toBeLessThan(PROBE_MS + SLACK_MS)

    expect(events('operator_alarm_over').length).toBe(events('operator_alarm').length)
    const shown = await Promise.all(ids.map(view))
    expect(new Set(shown.map(({ status }) => status))).toEqual(new Set(['active']))
  })

  it('asks no customer for anything, and takes no token that is at hand', async () => {
    await untilHeld()
    const answers = await askAll()

    for (const { body, headers } of answers) {
      expect(body).toMatchObject({
        owner: 'operator',
        retryable: false,
        upstream: { service: 'samsung-account', status: 400, code: 'AUT_1702' },
      })
      expect(body).not.toHaveProperty('connect_url')
      expect(headers.get('retry-after')).toMatch(/^[12]$/)
    }
    for (const call of rig.calls) expect((await tokenFrom(call, kept)).status).toBe(200)
    for (const id of [...ids, kept]) {
      expect(await view(id)).toMatchObject({ status: 'degraded', status_reason: 'program_held' })
      const { refresh } = (await storedConnection(rig.db, id)).binding
      expect(refresh.state).not.toBe('consent_required')
    }
    const listed = await rig.call('GET', '/v1/connections?status=degraded&limit=100')
    expect(listed.body.data).toHaveLength(batch * (CONNECTIONS + 1))
  })

  it('shows on the admin listener, and drains nobody', async () => {
    await untilHeld()

    for (const service of [0, 1]) {
      await eventually(async () => {
        const text = await (await admin(service, '/metrics')).text()
        return text.includes('knoxgate_operator_alarm{program="emm-eu",operation="refresh"} 1')
      })
      const report = await admin(service, '/readyz?verbose')
      expect(report.status).toBe(200)
      expect(await report.json()).toMatchObject({
        status: 'ready',
        breakers: [{ program: 'emm-eu', operation: 'refresh', upstream: { code: 'AUT_1702' } }],
        warnings: expect.arrayContaining([
          expect.stringMatching(/^Samsung refuses the credentials of program emm-eu \(AUT_1702\)/),
        ]),
      })
    }
  })

  it('is found to be mended by another process when one has died', async () => {
    const { service, call } = await rig.another()
    await Promise.all(ids.map((id) => tokenFrom(call, id)))
    await eventually(async () => (await tokenFrom(call, ids[0] ?? '')).headers.has('retry-after'))
    service.signal('SIGKILL')
    await service.ended

    await untilHeld()
    rig.sandbox.control({ clientSecretAccepted: true })

    expect(await untilServed()).toBeLessThan(PROBE_MS + SLACK_MS)
  })
})

describe('a public key that Knox refuses', () => {
  it('holds exchanges, renews nothing for them, and is over as soon as it is mended', async () => {
    await Promise.all(ids.map(async (id) => void (await rig.token(id))))
    await Promise.all(ids.slice(0, 6).map((id) => age(rig.db, id, { knoxToken: { leftMs: -1 } })))
    rig.sandbox.control({ publicKeyAccepted: false })
    await eventually(async () => {
      await Promise.all(ids.slice(0, 6).map((id) => rig.token(id)))
      return events('operator_alarm').some((line) => line.includes('"operation":"exchange"'))
    })
    await Promise.all(ids.map((id) => expire(rig.db, id)))
    await untilHeld()
    rig.sandbox.clearRecord()
    const startedAt = performance.now()
    while (performance.now() - startedAt < PROBE_MS) await askAll()
    const intervals = Math.ceil((performance.now() - startedAt) / PROBE_MS)

    const [held] = await askAll()
    expect([held?.status, held?.body]).toMatchObject([
      502,
      { code: 'upstream_refused_client', upstream: { service: 'knox', code: '4012250' } },
    ])
    expect(await view(kept)).toMatchObject({ status: 'degraded', status_reason: 'program_held' })
    const made = rig.sandbox.record().requests.filter(({ on }) => on === 'ams')
    expect(made.length).toBeLessThanOrEqual(intervals)
    expect(rig.grants('refresh_token')).toBeLessThanOrEqual(intervals)

    rig.sandbox.control({ publicKeyAccepted: true })
    expect(await untilServed()).toBeLessThan(PROBE_MS + SLACK_MS)
    expect((await view(kept)).status).toBe('active')
  })
})
