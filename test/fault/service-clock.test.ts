import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { type AnotherService, type Rig, startRig } from '../support/service-rig.ts'

/** A token's whole life by the sandbox, seconds. */
const LIFE = 1800

let rig: Rig
let tenants = 0

beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig?.close())

/** A customer of a Samsung whose clock differs, and a service that has not heard of Samsung yet. */
async function meet(clockOffsetSeconds: number) {
  rig.sandbox.control({ clockOffsetSeconds })
  tenants += 1
  const id = await rig.connect(`tenant-${tenants}`)
  rig.sandbox.clearRecord()
  const fresh = await rig.another()
  return { ...fresh, id, path: `/v1/connections/${id}` }
}

/** What an operator is told by verbose readiness. */
async function report({ service }: AnotherService) {
  const headers = { authorization: `Bearer ${rig.stack.adminToken}` }
  const answer = await fetch(`${service.adminUrl}/readyz?verbose`, { headers })
  expect(answer.status).toBe(200)
  return (await answer.json()) as {
    readonly clock_correction: { readonly correction_ms: number; readonly beyond_limit: boolean }
    readonly warnings: readonly string[]
  }
}

/** A metric without labels. */
async function metric({ service }: AnotherService, name: string): Promise<number> {
  const headers = { authorization: `Bearer ${rig.stack.adminToken}` }
  const text = await (await fetch(`${service.adminUrl}/metrics`, { headers })).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

const logged = ({ service }: AnotherService, event: string): number =>
  service.output().split(`"event":"${event}"`).length - 1

const requestsTo = (target: string) =>
  rig.sandbox.record().requests.filter(({ on }) => on === target)

/** How far the end that was told is from the one that is true here, seconds. */
const misses = (expiresAt: string): number =>
  Math.abs((Date.parse(expiresAt) - Date.now()) / 1000 - LIFE)

describe.each([-240, 240])('a service whose Samsung’s clock is %i s ahead of its own', (skew) => {
  it('serves tokens that Knox takes, and tells their end by its own clock', async () => {
    const other = await meet(skew)
    const { call, path } = other
    try {
      const first = await call('POST', `${path}/token`)
      expect(first.status).toBe(200)
      // Each answer brings the time; two are needed when none was a refusal.
      await eventually(async () => {
        const verified = await call('POST', `${path}/verify`)
        expect([verified.status, verified.body.trust]).toEqual([200, 'present'])
        return (await metric(other, 'knoxgate_clock_correction_seconds')) !== 0
      })
      const again = await call('POST', `${path}/token`, { rejected: first.body.token_id })
      const verified = await call('POST', `${path}/verify`)

      expect(again.body.token_id).not.toBe(first.body.token_id)
      expect(misses(again.body.expires_at)).toBeLessThan(5)
      expect([verified.status, verified.body.trust]).toEqual([200, 'present'])
      expect(requestsTo('kme').filter(({ status }) => status !== 200)).toEqual([])
      const { clock_correction: correction } = await report(other)
      expect(Math.abs(correction.correction_ms / 1000 - skew)).toBeLessThanOrEqual(2)
      expect(correction.beyond_limit).toBe(false)
      await eventually(() => logged(other, 'clock_corrected') === 1)
      expect(logged(other, 'clock_skew_beyond_limit')).toBe(0)
    } finally {
      await other.service.stop()
    }
  })
})

it('whose clock is ahead is refused once, and never again', async () => {
  const other = await meet(-240)
  try {
    await other.call('POST', `${other.path}/token`)
    const statuses = requestsTo('ams').map(({ status }) => status)
    await other.call('POST', `${other.path}/verify`)
    tenants += 1
    const id = await rig.connect(`tenant-${tenants}`)
    await other.call('POST', `/v1/connections/${id}/token`)

    expect(statuses).toEqual([403, 200])
    expect(requestsTo('ams').map(({ status }) => status)).toEqual([403, 200, 200])
  } finally {
    await other.service.stop()
  }
})

describe('beyond five minutes', () => {
  it('a service that is ahead corrects nothing, rings once, and blames the operator', async () => {
    const other = await meet(-400)
    const { call, path } = other
    try {
      const refused = await call('POST', `${path}/token`)
      await call('POST', `${path}/token`)

      expect([refused.status, refused.body]).toMatchObject([
        502,
        {
          code: 'upstream_refused_client',
          owner: 'operator',
          upstream: { service: 'knox', code: '4030000' },
        },
      ])
      expect((await call('GET', path)).body).toMatchObject({ status: 'degraded', renewable: true })
      const told = await report(other)
      expect(told.clock_correction).toMatchObject({ correction_ms: 0, beyond_limit: true })
      expect(told.warnings).toContainEqual(expect.stringContaining('more than 5 minutes'))
      expect(await metric(other, 'knoxgate_clock_beyond_limit')).toBe(1)
      await eventually(() => logged(other, 'clock_skew_beyond_limit') === 1)

      rig.sandbox.control({ clockOffsetSeconds: 0 })
      await eventually(async () => (await call('POST', `${path}/token`)).status === 200)
      await eventually(async () => {
        await call('POST', `${path}/verify`)
        return (await metric(other, 'knoxgate_clock_beyond_limit')) === 0
      })
      await eventually(() => logged(other, 'clock_skew_within_limit') === 1)
      expect(logged(other, 'clock_skew_beyond_limit')).toBe(1)
    } finally {
      await other.service.stop()
    }
  })

  it('a service that is behind goes on with what Knox still takes, and rings', async () => {
    const other = await meet(400)
    const { call, path } = other
    try {
      await eventually(async () => {
        const verified = await call('POST', `${path}/verify`)
        expect([verified.status, verified.body.trust]).toEqual([200, 'present'])
        return (await report(other)).clock_correction.beyond_limit
      })

      expect((await call('POST', `${path}/token`)).status).toBe(200)
      expect(await metric(other, 'knoxgate_clock_correction_seconds')).toBe(0)
      await eventually(() => logged(other, 'clock_skew_beyond_limit') === 1)
    } finally {
      await other.service.stop()
    }
  })
})
