import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { fingerprint } from '../../../src/sandbox/record.ts'
import type { Settings } from '../../../src/sandbox/settings.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { age, expire } from '../../support/stored-connection.ts'

const HOUR = 3_600_000
const NINETY_DAYS = 90 * 24 * HOUR
/** Between the answer's way and the reading of a clock. */
const TOLERANCE_MS = 10_000

let rig: Rig
let tenants = 0

beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig?.close())
beforeEach(() => {
  const plain = { refreshToken: null, numbersAsStrings: null, tokenType: null, scope: null }
  rig.sandbox.control(plain)
  rig.sandbox.clearRecord()
})

const newTenant = () => {
  tenants += 1
  return `tenant-${tenants}`
}
const view = async (id: string) => (await rig.call('GET', `/v1/connections/${id}`)).body
const leftMs = (time: string) => Date.parse(time) - Date.now()

function expectAbout(actual: number, expected: number): void {
  expect(actual).toBeLessThanOrEqual(expected)
  expect(actual).toBeGreaterThan(expected - TOLERANCE_MS)
}

const SHAPES: readonly Settings['refreshToken'][] = ['absent', '-1', 'number', 'empty']

describe.each(SHAPES)('a consent whose refresh_token is %s', (refreshToken) => {
  let id: string

  beforeEach(async () => {
    rig.sandbox.control({ refreshToken })
    id = await rig.connect(newTenant())
  })

  it('makes a connection that works and says when it will end', async () => {
    const made = await view(id)

    expect(made).toMatchObject({ status: 'active', renewable: false })
    expectAbout(leftMs(made.consent_expires_at), HOUR)
    expect((await rig.token(id)).status).toBe(200)
    expect((await rig.call('POST', `/v1/connections/${id}/verify`)).status).toBe(200)
  })

  it('is used to its end, and then needs the customer without Samsung being asked', async () => {
    const kept = await rig.token(id)
    await age(rig.db, id, { accessToken: { leftMs: -1000 } })
    const stillKept = await rig.token(id)
    const last = await view(id)
    await expire(rig.db, id)
    const ended = await rig.token(id)

    expect(stillKept.body).toEqual(kept.body)
    expect(last.status).toBe('active')
    const connectUrl = `${rig.stack.portals[0]?.reconnectUrl}?connection_id=${id}`
    const told = { code: 'consent_required', owner: 'customer', connect_url: connectUrl }
    expect(ended).toMatchObject({ status: 409, body: told })
    expect(await view(id)).toMatchObject({
      status: 'consent_required',
      status_reason: 'not_renewable',
    })
    expect(rig.grants('refresh_token')).toBe(0)
  })

  it('is asked for a last token shortly before its end', async () => {
    await rig.token(id)
    await age(rig.db, id, { accessToken: { leftMs: 60_000 }, knoxToken: { leftMs: 600_000 } })
    const exchanges = () => rig.sandbox.record().requests.filter(({ on }) => on === 'ams').length
    const renewing = rig.sandbox.arrival('ams')

    const answer = await rig.token(id)

    await renewing
    expect(answer.status).toBe(200)
    expect(exchanges()).toBeLessThanOrEqual(2)
  })
})

describe.each(SHAPES)('a refresh whose refresh_token is %s', (refreshToken) => {
  it('keeps the old one, and renews with it the next time', async () => {
    const id = await rig.connect(newTenant())
    const first = [...rig.sandbox.state.refreshTokens.keys()].at(-1) ?? ''
    rig.sandbox.control({ refreshToken })

    for (const _ of [1, 2]) {
      await expire(rig.db, id)
      expect((await rig.token(id)).status).toBe(200)
    }

    expect(await view(id)).toMatchObject({ status: 'active', renewable: true })
    const presented = rig.sandbox
      .record()
      .requests.filter(({ grantType }) => grantType === 'refresh_token')
      .map((one) => one.presented)
    expect(presented).toEqual([fingerprint(first), fingerprint(first)])
  })
})

describe.each([
  ['numbers as strings', { numbersAsStrings: true }],
  ['no token_type', { tokenType: 'absent' }],
  ['scope null', { scope: 'null' }],
  ['all of these', { numbersAsStrings: true, tokenType: 'absent', scope: 'null' }],
] as const)('a token response with %s', (_, change) => {
  it('is stored whole at consent and at every refresh', async () => {
    rig.sandbox.control(change)
    const id = await rig.connect(newTenant())
    const made = await view(id)
    for (const _ of [1, 2]) {
      await expire(rig.db, id)
      expect((await rig.token(id)).status).toBe(200)
    }
    const renewed = await view(id)

    for (const shown of [made, renewed]) {
      expect(shown).toMatchObject({ status: 'active', renewable: true })
      expectAbout(leftMs(shown.consent_expires_at), NINETY_DAYS)
      expect(shown.account).toEqual({ id: expect.any(String), email: 'ada@fernhill.example' })
    }
    expect(rig.grants('refresh_token')).toBe(2)
    expect(rig.sandbox.record().refused.token).toBe(0)
  })
})
