import { describe, expect, it } from '@jest/globals'
import { generateKeysFile } from '../../../src/sandbox/keys.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { commonClaims, getKme, obtainKcsToken, signJwt } from './support/knox.ts'
import { startSandbox, type TestClock } from './support/sandbox.ts'

const NOW = 1_800_000_000

interface Ready {
  readonly sandbox: Sandbox
  readonly clock: TestClock
  readonly claims: Readonly<Record<string, unknown>>
}

async function ready(account: 'ada' | 'ben' = 'ada'): Promise<Ready> {
  const clock = { now: NOW * 1000 }
  const sandbox = await startSandbox({}, clock)
  const accessToken = await obtainKcsToken(sandbox, clock, account)
  return { sandbox, clock, claims: { accessToken, ...commonClaims(clock) } }
}

describe('Knox Mobile Enrollment', () => {
  it('lists the profiles of the organisation', async () => {
    const { sandbox, claims } = await ready('ben')

    const res = await getKme(sandbox, signJwt(claims))

    expect(res.status).toBe(200)
    expect(await res.json()).toMatchObject({
      totalCount: 2,
      profileList: [{ name: 'Tills' }, { name: 'Shop floor' }],
    })
  })

  it('refuses a token signed with a registered key while that is not accepted', async () => {
    const { sandbox, claims } = await ready()
    sandbox.control({ publicKeyAccepted: false })

    const res = await getKme(sandbox, signJwt(claims))

    expect(res.status).toBe(401)
    expect(await res.json()).toMatchObject({ code: 4012250 })
  })

  it('lists the devices of the organisation, with times as text', async () => {
    const { sandbox, claims } = await ready('ada')

    const res = await getKme(sandbox, signJwt(claims), '/kcs/v1/kme/devices/list')

    expect(await res.json()).toMatchObject({
      totalCount: 5,
      deviceList: expect.arrayContaining([
        expect.objectContaining({
          tenantName: 'Fernhill Logistics',
          createTime: expect.stringMatching(/^\d{13}$/),
        }),
      ]),
    })
  })

  it('shows two organisations nothing of each other', async () => {
    const lists = await Promise.all(
      (['ada', 'ben'] as const).map(async (account) => {
        const { sandbox, claims } = await ready(account)
        const res = await getKme(sandbox, signJwt(claims), '/kcs/v1/kme/devices/list')
        const { deviceList } = (await res.json()) as { deviceList: { imei: string }[] }
        return deviceList.map(({ imei }) => imei)
      }),
    )

    expect(new Set(lists.flat()).size).toBe(8)
  })

  it.each([
    ['pageNum=0&pageSize=2', 2],
    ['pageNum=2&pageSize=2', 1],
    ['pageNum=3&pageSize=2', 0],
    ['pageSize=1000', 5],
  ])('answers ?%s with %i devices, and counts all', async (query, length) => {
    const { sandbox, claims } = await ready()

    const res = await getKme(sandbox, signJwt(claims), `/kcs/v1/kme/devices/list?${query}`)

    const body = (await res.json()) as { totalCount: number; deviceList: unknown[] }
    expect(body.totalCount).toBe(5)
    expect(body.deviceList).toHaveLength(length)
  })

  it.each(['pageNum=-1', 'pageNum=x', 'pageSize=0', 'pageSize=1001', 'pageNum=1&pageNum=2'])(
    'refuses ?%s',
    async (query) => {
      const { sandbox, claims } = await ready()

      const res = await getKme(sandbox, signJwt(claims), `/kcs/v1/kme/profiles/list?${query}`)

      expect(res.status).toBe(400)
      expect(await res.json()).toMatchObject({ code: 4000000 })
    },
  )

  it('takes the same signed token many times', async () => {
    const { sandbox, claims } = await ready()
    const token = signJwt(claims)

    const answers = [await getKme(sandbox, token), await getKme(sandbox, token)]

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })
})

describe('a signed access token', () => {
  it.each<[string, Record<string, unknown>, number, number]>([
    ['whose signature ended now', { iat: NOW - 60, exp: NOW }, 403, 4032251],
    ['from the future', { iat: NOW + 61, exp: NOW + 1800 }, 403, 4030000],
    ['that lives 31 minutes', { exp: NOW + 1801 }, 401, 4012250],
    ['for another audience', { aud: 'other' }, 401, 4012250],
    ['without jti', { jti: undefined }, 401, 4012250],
    ['without public key', { publicKey: undefined }, 401, 4012250],
    ['with an unknown public key', { publicKey: 'MIIB' }, 401, 4012250],
    ['with a claim too many', { clientIdentifier: 'x' }, 401, 4012250],
    ['without access token', { accessToken: undefined }, 401, 4012251],
    ['around an unknown access token', { accessToken: 'unknown' }, 403, 4032252],
  ])('%s is refused', async (_name, change, status, code) => {
    const { sandbox, claims } = await ready()

    const res = await getKme(sandbox, signJwt({ ...claims, ...change }))

    expect(res.status).toBe(status)
    expect(await res.json()).toMatchObject({ code })
  })

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['no JWT', 'abc'],
    ['unsigned', 'e30.e30.e30'],
  ])('that is %s is refused', async (_name, token) => {
    const { sandbox } = await ready()

    const res = await getKme(sandbox, token)

    expect(res.status).toBe(401)
    expect(await res.json()).toMatchObject({ code: 4012250 })
  })

  it.each([
    ['RS256', { alg: 'RS256', typ: 'JWT' }],
    ['no typ', { alg: 'RS512' }],
    ['a kid', { alg: 'RS512', typ: 'JWT', kid: '1' }],
  ])('with %s in its header is refused', async (_name, header) => {
    const { sandbox, claims } = await ready()

    const res = await getKme(sandbox, signJwt(claims, header))

    expect(await res.json()).toMatchObject({ code: 4012250 })
  })

  it('signed by another key is refused', async () => {
    const { sandbox, claims } = await ready()
    const other = await generateKeysFile()

    const res = await getKme(sandbox, signJwt(claims, undefined, other.Private))

    expect(await res.json()).toMatchObject({
      code: 4012250,
      data: 'the JWT signature does not match the public key',
    })
  })

  it('is refused as it came from AMS, before the portal signed it', async () => {
    const { sandbox, claims } = await ready()

    const res = await getKme(sandbox, String(claims.accessToken))

    expect(await res.json()).toMatchObject({ code: 4012250 })
  })

  it.each([
    [1_799_999, 200, undefined],
    [1_800_000, 403, 4032251],
  ])('around a token of 30 minutes is answered after %i ms with %i', async (age, status, code) => {
    const { sandbox, clock, claims } = await ready()
    clock.now += age

    const res = await getKme(sandbox, signJwt({ ...claims, ...commonClaims(clock) }))

    expect(res.status).toBe(status)
    expect(((await res.json()) as { code?: number }).code).toBe(code)
  })

  it.each([
    [{ expireKcsTokens: true }, 4032251],
    [{ revokeConsent: 'ada' }, 4032252],
    [{ forgetTokens: true }, 4032252],
  ] as const)('is refused after %j', async (action, code) => {
    const { sandbox, claims } = await ready()
    sandbox.control(action)

    const res = await getKme(sandbox, signJwt(claims))

    expect(res.status).toBe(403)
    expect(await res.json()).toMatchObject({ code })
  })

  it('outlives the Samsung Account token it was made from', async () => {
    const { sandbox, claims } = await ready()
    sandbox.control({ expireAccessTokens: true })

    expect((await getKme(sandbox, signJwt(claims))).status).toBe(200)
  })

  it('must not share its jti with another JWT', async () => {
    const { sandbox, claims } = await ready()
    await getKme(sandbox, signJwt(claims))

    const res = await getKme(sandbox, signJwt({ ...claims, exp: NOW + 60 }))

    expect(res.status).toBe(400)
    expect(await res.json()).toMatchObject({ code: 4002250 })
  })

  it('cannot name a customer of a managed service provider', async () => {
    const { sandbox, claims } = await ready()

    const res = await getKme(sandbox, signJwt(claims), undefined, {
      'x-wsm-managed-tenantid': '4600000017',
    })

    expect(await res.json()).toMatchObject({ code: 4000904 })
  })
})

describe('trust', () => {
  it('is needed for every call, and heals', async () => {
    const { sandbox, claims } = await ready()
    const token = signJwt(claims)

    sandbox.control({ trust: { fernhill: false } })
    const missing = await getKme(sandbox, token)
    sandbox.control({ trust: { fernhill: true } })
    const present = await getKme(sandbox, token)

    expect(missing.status).toBe(403)
    expect(await missing.json()).toMatchObject({ code: 40300000, message: 'AUTHORIZATION_FAIL' })
    expect(present.status).toBe(200)
  })

  it('is the business of one organisation', async () => {
    const { sandbox, claims } = await ready('ben')

    sandbox.control({ trust: { fernhill: false } })

    expect((await getKme(sandbox, signJwt(claims))).status).toBe(200)
  })
})
