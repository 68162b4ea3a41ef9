import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { TwoLeggedProgram } from '../../../src/config/config.ts'
import { createTwoLeggedKind } from '../../../src/knox/two-legged-kind.ts'
import { createClockGovernor } from '../../../src/outbound/clock-governor.ts'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { createSigningKey } from '../../../src/signing/signing-key.ts'
import { type AmsUpstream, refuseWith, startAms } from '../../support/ams-upstream.ts'
import { makeProgram } from '../samsung-account/program.ts'

const IDENTIFIER = 'eyJhbGciOiJIUzUxMiJ9.e30.c2ln'
const clock = () => Date.now()

let ams: AmsUpstream
const outbounds: { close(): Promise<void> }[] = []

beforeEach(async () => {
  ams = await startAms({
    publicKey: makeProgram('http://127.0.0.1').keys.publicKeySpki,
    clientIdentifiers: new Set([IDENTIFIER]),
    managed: new Set(['4712-ab']),
  })
})

afterEach(async () => {
  await Promise.all(outbounds.splice(0).map((one) => one.close()))
  await ams.close()
})

function kindWith(knox: Partial<TwoLeggedProgram['knox']> = {}, identifier = IDENTIFIER) {
  const { samsungAccount: _, ...base } = makeProgram(ams.url)
  const settings = { ...base.knox, accessTokenPath: '/ams/v1/users/accesstoken', ...knox }
  const trustErrorCodes = ['40300000', '4002113']
  const program = { ...base, kind: 'knox-msp', knox: { ...settings, trustErrorCodes } } as const
  const samsungClock = createClockGovernor({
    clock,
    monotonic: () => performance.now(),
    log: createLog('silent'),
  })
  const outbound = createOutbound({
    allowedOrigins: [ams.url],
    timeoutMs: 2000,
    responseLimitBytes: 65_536,
    clock,
    onResponse: samsungClock.observe,
  })
  outbounds.push(outbound)
  const used = { clientIdentifier: new Secret(identifier), key: createSigningKey(program.keys) }
  return createTwoLeggedKind({
    program,
    outbound,
    samsungClock,
    clock,
    credentials: { exchange: (attempt) => attempt(used) },
  })
}

const textAnswer = (status: number, type: string, body: string) => (res: ServerResponse) =>
  void res.writeHead(status, { 'content-type': type }).end(body)

describe('mint', () => {
  it.each([
    ['the validity that is configured', { validityMinutes: 10 }, 10, 600],
    ['none where none is configured', {}, null, 1800],
  ])('exchanges the Client Identifier alone and asks for %s', async (_, knox, asked, seconds) => {
    const credential = await kindWith(knox).mint()

    expect(ams.refusals).toEqual([])
    expect(ams.exchanges).toEqual([asked])
    expect(credential.headerName).toBe('x-knox-apitoken')
    expect(Math.abs(credential.expiresAt - clock() - seconds * 1000)).toBeLessThan(3000)
  })

  it('answers a used jti with a new one, once', async () => {
    ams.instead.push(refuseWith(400, 4002250))

    await kindWith().mint()

    expect(ams.exchanges).toHaveLength(1)
  })

  it.each([
    ['a Client Identifier that is not known', 4012250],
    ['a program that is not permitted', '40300000'],
    ['the identity provider, of which there is none', [4010011]],
    ['a validity out of range', 4002251],
    ['a time that is not ours', [4030000]],
  ])('lays %s to the operator, never to a customer', async (_, code) => {
    for (let attempt = 0; attempt < 2; attempt++) ams.instead.push(refuseWith(403, code))

    await expect(kindWith().mint()).rejects.toMatchObject({ kind: 'operator', reason: 'refused' })
  })

  it('is refused by Samsung itself with another Client Identifier', async () => {
    await expect(kindWith({}, 'another').mint()).rejects.toMatchObject({ kind: 'operator' })
    expect(ams.refusals).toEqual(['identifier'])
  })

  it.each([
    [429, 'application/json', '{}', 'rate_limited'],
    [503, 'text/html', '<html>', 'unavailable'],
    [200, 'text/html', '<html>', 'malformed'],
    [204, 'application/json', '', 'malformed'],
    [200, 'application/json', '{"accessToken":""}', 'malformed'],
    [200, 'application/xml', '<accessToken>x</accessToken>', 'malformed'],
  ])('takes %s %s %s for trouble that passes', async (status, type, body, reason) => {
    ams.instead.push(textAnswer(status, type, body))

    await expect(kindWith().mint()).rejects.toMatchObject({ kind: 'transient', reason })
  })
})

describe('verify', () => {
  it('names the customer, and is served with the signed token', async () => {
    const kind = kindWith()

    await kind.verify({ ...(await kind.mint()), managedTenantId: '4712-ab' })

    expect(ams.reads).toEqual(['4712-ab'])
  })

  it('tells a customer whom the provider does not manage', async () => {
    const kind = kindWith()
    const credential = { ...(await kind.mint()), managedTenantId: 'another' }

    await expect(kind.verify(credential)).rejects.toMatchObject({ kind: 'trust' })
  })

  it('tells a token that has ended', async () => {
    ams.lifeSeconds = -1
    const kind = kindWith()
    const credential = { ...(await kind.mint()), managedTenantId: '4712-ab' }

    await expect(kind.verify(credential)).rejects.toMatchObject({ kind: 'knox_token' })
  })
})
