import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Call } from '../../scripts/stack/portal-client.ts'
import { type Rig, startRig } from '../support/service-rig.ts'
import { age, expire, storedConnection } from '../support/stored-connection.ts'

/**
 * The operator has mistyped the client secret, in one process; and the Client Identifier in another. Each test
 * looks at one connection by itself: what several of them mean together is another test's.
 */
let rig: Rig
let wrongSecret: Call
let wrongIdentifier: Call
let id: string
let tenants = 0

beforeAll(async () => {
  const env = { KNOXGATE_BREAKER_THRESHOLD: '20', KNOXGATE_BREAKER_PROBE_INTERVAL: '60s' }
  rig = await startRig({ env })
  const wrong = 'a-client-secret-that-was-mistyped'
  wrongSecret = (await rig.another({ STACK_CLIENT_SECRET: wrong })).call
  wrongIdentifier = (await rig.another({ STACK_CLIENT_IDENTIFIER: wrong })).call
})
afterAll(() => rig?.close())
beforeEach(async () => {
  tenants += 1
  id = await rig.connect(`tenant-${tenants}`)
  await rig.token(id)
  rig.sandbox.clearRecord()
})

const tokenFrom = (call: Call) => call('POST', `/v1/connections/${id}/token`)
const view = async () => (await rig.call('GET', `/v1/connections/${id}`)).body
const live = () =>
  [...rig.sandbox.state.refreshTokens.values()].filter(({ status }) => status === 'live').length

describe.each(['rfc', 'code_only', 'xml'] as const)(
  'a wrong client secret, told as %s',
  (shape) => {
    beforeEach(() => {
      rig.sandbox.control({ errorShape: shape })
    })

    it('is the operator’s to mend: nobody is asked to consent again, and nothing is spent', async () => {
      const tokensBefore = live()
      await expire(rig.db, id)

      const answer = await tokenFrom(wrongSecret)
      const shown = await view()
      const held = await tokenFrom(wrongSecret)

      expect([answer.status, answer.body]).toMatchObject([
        502,
        {
          code: 'upstream_refused_client',
          owner: 'operator',
          retryable: false,
          upstream: { service: 'samsung-account', status: 400, code: 'AUT_1702' },
        },
      ])
      expect(answer.body).not.toHaveProperty('connect_url')
      expect(shown).toMatchObject({
        status: 'degraded',
        status_reason: 'refresh_failing',
        last_error: {
          code: 'upstream_refused_client',
          owner: 'operator',
          upstream_code: 'AUT_1702',
        },
      })
      expect([held.status, held.body.code]).toEqual([502, 'upstream_refused_client'])
      expect(held.headers.get('retry-after')).toMatch(/^[123]?\d$/)
      expect(rig.grants('refresh_token')).toBe(1)
      expect(live()).toBe(tokensBefore)
    })

    it('is over as soon as it is mended, with the same refresh token', async () => {
      await expire(rig.db, id)
      await tokenFrom(wrongSecret)

      await age(rig.db, id, { retryInMs: -1 })
      const mended = await tokenFrom(rig.call)

      expect(mended.status).toBe(200)
      const [refused, taken] = rig.sandbox.record().requests.filter(({ on }) => on === 'token')
      expect([refused?.status, taken?.status]).toEqual([400, 200])
      expect(taken?.presented).toBe(refused?.presented)
      const shown = await view()
      expect(shown.status).toBe('active')
      expect(shown).not.toHaveProperty('last_error')
      expect((await storedConnection(rig.db, id)).binding.refresh.failures).toBe(0)
    })
  },
)

it('keeps serving a token that lives while the client secret is wrong', async () => {
  const kept = await tokenFrom(rig.call)
  await age(rig.db, id, { accessToken: { leftMs: -1000 } })
  const answers = [await tokenFrom(wrongSecret), await tokenFrom(wrongSecret)]

  for (const answer of answers) expect(answer.body).toEqual(kept.body)
})

it('uses a Samsung Account token that is due but lives when its renewal is refused', async () => {
  await age(rig.db, id, {
    accessToken: { leftMs: 600_000, lifeMs: 3_600_000 },
    knoxToken: { leftMs: -1000 },
  })

  const answer = await tokenFrom(wrongSecret)

  expect([answer.status, rig.grants('refresh_token')]).toEqual([200, 1])
  expect((await view()).status).toBe('degraded')
})

it('tells a wrong Client Identifier from a customer who must act', async () => {
  await age(rig.db, id, { knoxToken: { leftMs: -1000 } })

  const answer = await tokenFrom(wrongIdentifier)
  const shown = await view()
  const right = await tokenFrom(rig.call)

  expect([answer.status, answer.body]).toMatchObject([
    502,
    {
      code: 'upstream_refused_client',
      owner: 'operator',
      upstream: { service: 'knox', code: '4012250' },
    },
  ])
  expect(shown).toMatchObject({ status: 'degraded', last_error: { upstream_code: '4012250' } })
  expect(right.status).toBe(200)
  expect((await view()).status).toBe('active')
  expect(rig.grants('refresh_token')).toBe(0)
})
