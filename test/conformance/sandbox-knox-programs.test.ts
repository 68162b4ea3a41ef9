import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { generateKeysFile } from '../../src/sandbox/keys.ts'
import { expectRefusal, NOW, ready } from '../unit/sandbox/support/ams.ts'
import { amsBody, postAms, signJwt } from '../unit/sandbox/support/knox.ts'
import {
  callKnox,
  postProgram,
  programClaims,
  programWorld,
  signedProgramToken,
} from '../unit/sandbox/support/programs.ts'

const DEVICES = '/kcs/v1/kme/devices/list'

describe('accesstoken, where a Client Identifier alone buys a Knox token', () => {
  it.each(['msp', 'customer'] as const)('gives the %s program a token', async (program) => {
    const world = await programWorld()

    const res = await postProgram(world, amsBody(signJwt(programClaims(world, program))))

    expect(res.status).toBe(200)
    expect(await res.json()).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    })
    expect(world.sandbox.record()).toMatchObject({
      issued: { programTokens: 1, kcsTokens: 0 },
      requests: [{ on: 'program', outcome: 'accepted', jti: expect.any(String) }],
    })
  })

  it.each([
    [1, 60],
    [30, 1800],
    [undefined, 1800],
  ])('takes a validity of %j minutes', async (minutes, seconds) => {
    const world = await programWorld()
    const body = amsBody(signJwt(programClaims(world)), {
      validityForAccessTokenInMinutes: minutes,
    })

    const { accessToken } = (await (await postProgram(world, body)).json()) as {
      accessToken: string
    }

    const [, claims = ''] = accessToken.split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iat: NOW,
      exp: NOW + seconds,
      iss: 'AMS',
    })
  })

  it.each([0, 31, '30', null])('refuses a validity of %j', async (minutes) => {
    const world = await programWorld()
    const more = { validityForAccessTokenInMinutes: minutes }

    const res = await postProgram(world, amsBody(signJwt(programClaims(world)), more))

    await expectRefusal(res, 4002251)
  })

  it.each<[string, object, number]>([
    ['another audience', { aud: 'knoxwsm' }, 4012250],
    ['no exp', { exp: undefined }, 4012250],
    ['more than 30 minutes', { exp: NOW + 1801 }, 4012250],
    ['an exp that is over', { iat: NOW - 10, exp: NOW }, 4030000],
    ['an iat beyond the skew', { iat: NOW + 61, exp: NOW + 1800 }, 4030000],
    ['one UUID as jti', { jti: randomUUID() }, 4012250],
    ['a Samsung Account token', { idpAccessToken: 'x' }, 4012250],
    ['no Client Identifier', { clientIdentifier: undefined }, 4012250],
    ['the Client Identifier of nobody', { clientIdentifier: 'x' }, 4012250],
  ])('refuses a JWT with %s', async (_name, claims, code) => {
    const world = await programWorld()

    const res = await postProgram(world, amsBody(signJwt({ ...programClaims(world), ...claims })))

    await expectRefusal(res, code)
  })

  it('refuses a jti that was used before', async () => {
    const world = await programWorld()
    const body = amsBody(signJwt(programClaims(world)))
    await postProgram(world, body)

    await expectRefusal(await postProgram(world, body), 4002250)
  })

  it('refuses a signature of another key, and a key that nobody registered', async () => {
    const world = await programWorld()
    const other = await generateKeysFile()
    const claims = { ...programClaims(world), publicKey: other.Public }
    const forged = signJwt(programClaims(world), undefined, other.Private)
    const foreign = amsBody(signJwt(claims, undefined, other.Private), {
      base64EncodedStringPublicKey: other.Public,
    })

    await expectRefusal(await postProgram(world, amsBody(forged)), 4012250)
    await expectRefusal(await postProgram(world, foreign), 4012250)
  })

  it('and accessTokenOAuth2 refuse one another’s Client Identifiers', async () => {
    const { sandbox, clock, claims } = await ready()
    const world = { sandbox, clock }
    const { idpAccessToken, ...portal } = claims
    const msp = { ...programClaims(world), idpAccessToken }

    await expectRefusal(await postProgram(world, amsBody(signJwt(portal))), 4012250)
    await expectRefusal(await postAms(sandbox, amsBody(signJwt(msp))), 4012250)
  })

  it('refuses a Client Identifier as soon as another has taken its place', async () => {
    const world = await programWorld({ mspClientIdentifier: 'the-next-one' })
    const next = { ...programClaims(world), clientIdentifier: 'the-next-one' }

    await expectRefusal(await postProgram(world, amsBody(signJwt(programClaims(world)))), 4012250)
    const taken = await postProgram(world, amsBody(signJwt(next)))

    expect(taken.status).toBe(200)
  })
})

describe('a call with a program’s token', () => {
  it('of a company for itself sees its own devices, and may name no tenant', async () => {
    const world = await programWorld()
    const token = await signedProgramToken(world, 'customer')

    const own = await callKnox(world, DEVICES, token)

    expect(await own.json()).toMatchObject({
      totalCount: 5,
      deviceList: expect.arrayContaining([
        expect.objectContaining({ tenantName: 'Fernhill Logistics' }),
      ]),
    })
    await expectCode(await callKnox(world, DEVICES, token, '4700000001'), 400, 4000904)
  })

  it('of a company for itself needs no trust', async () => {
    const world = await programWorld({ trust: { fernhill: false } })

    const res = await callKnox(world, DEVICES, await signedProgramToken(world, 'customer'))

    expect(res.status).toBe(200)
  })

  it('of an MSP sees the customer that it names, with one token for all', async () => {
    const world = await programWorld()
    const token = await signedProgramToken(world)

    const names = await Promise.all(
      ['4700000001', '4700000003'].map(async (tenant) => {
        const res = await callKnox(world, DEVICES, token, tenant)
        const body = (await res.json()) as { deviceList: { tenantName: string }[] }
        return body.deviceList.map(({ tenantName }) => tenantName)
      }),
    )

    expect(names).toEqual([
      ['Managed Customer 1', 'Managed Customer 1'],
      ['Managed Customer 3', 'Managed Customer 3'],
    ])
    expect(world.sandbox.record().issued.programTokens).toBe(1)
  })

  it.each([
    [undefined, 400, 4000904],
    ['4700000004', 404, 4042100],
    ['4700000000', 404, 4042100],
    ['nobody-1', 404, 4042100],
    ['4800000001', 400, 4002113],
    ['4900000001', 400, 4002105],
    ['a b', 400, 4000000],
    ['x'.repeat(65), 400, 4000000],
    ['x'.repeat(64), 404, 4042100],
  ])('of an MSP that names %j is refused with %i and %i', async (tenant, status, code) => {
    const world = await programWorld()

    const res = await callKnox(world, DEVICES, await signedProgramToken(world), tenant)

    await expectCode(res, status, code)
  })

  it('of an MSP is refused for a customer as soon as it manages it no longer', async () => {
    const world = await programWorld()
    const token = await signedProgramToken(world)
    world.sandbox.control({ delinkedTenants: ['4700000002'] })

    expect((await callKnox(world, DEVICES, token, '4700000001')).status).toBe(200)
    await expectCode(await callKnox(world, DEVICES, token, '4700000002'), 400, 4002113)
  })

  it.each([
    [59_999, 200],
    [60_000, 403],
  ])('of one minute is answered after %i ms with %i', async (age, status) => {
    const world = await programWorld()
    const token = await signedProgramToken(world, 'msp', 1)
    world.clock.now += age

    expect((await callKnox(world, DEVICES, token, '4700000001')).status).toBe(status)
  })

  it.each([
    ['4032251', 'number', 4032251],
    ['4032251', 'string', '4032251'],
    ['4032251', 'array', [4032251]],
    ['403225', 'number', 403225],
    ['403225', 'string', '403225'],
    ['403225', 'array', [403225]],
  ] as const)('that has expired is refused with %s as %s', async (expiryCode, codeShape, code) => {
    const world = await programWorld({ expiryCode, codeShape })
    const token = await signedProgramToken(world)
    world.sandbox.control({ expireKcsTokens: true })

    const res = await callKnox(world, DEVICES, token, '4700000001')

    expect(res.status).toBe(403)
    expect(await res.json()).toMatchObject({ code })
  })
})

async function expectCode(res: Response, status: number, code: number): Promise<void> {
  expect(await res.json()).toMatchObject({ code })
  expect(res.status).toBe(status)
}
