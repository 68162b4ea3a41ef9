import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { SamsungAccountProgram } from '../../../src/config/config.ts'
import { KnoxError } from '../../../src/knox/kind.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { json } from '../samsung-account/token-endpoint.ts'
import { decode, type KnoxBench, kcsToken, NOW, startKnox } from './ams-server.ts'

const SA_TOKEN = new Secret('sa-access-token')
const SECONDS = NOW / 1000

const opened: KnoxBench[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()))
})

type Answer = (res: ServerResponse) => void
async function knox(
  answers: readonly Answer[],
  settings: Partial<SamsungAccountProgram['knox']> = {},
): Promise<KnoxBench> {
  const started = await startKnox(answers, settings)
  opened.push(started)
  return started
}

const issue = (exp?: number) => json(200, { accessToken: kcsToken(exp) })
const refuse = (code: unknown, status = 400) => json(status, { code, message: 'WORDS' })
const jwtOf = (bench: KnoxBench, call: number): string =>
  JSON.parse(bench.calls[call]?.body ?? '{}').clientIdentifierJwt

describe('mint', () => {
  it('signs what Knox issued, and tells the earlier end of the two', async () => {
    const bench = await knox([issue(SECONDS + 1200)])

    const credential = await bench.kind.mint(SA_TOKEN)

    expect(credential.headerName).toBe('x-knox-apitoken')
    expect(decode(credential.value.reveal(), 1)).toMatchObject({
      accessToken: kcsToken(SECONDS + 1200),
      iat: SECONDS,
      exp: SECONDS + 1800,
    })
    expect(credential.expiresAt).toBe(NOW + 1_200_000)
  })

  it.each([
    ['the signature ends before the token', SECONDS + 7200, {}, 1800],
    ['the token names no end: by the validity asked for', undefined, { validityMinutes: 10 }, 600],
    ['neither names one: by the default of 30 minutes', undefined, {}, 1800],
  ])('tells when it ends: %s', async (_when, exp, settings, seconds) => {
    const { kind } = await knox([issue(exp)], settings)

    expect((await kind.mint(SA_TOKEN)).expiresAt).toBe(NOW + seconds * 1000)
  })

  it('answers a used jti with a new one, once', async () => {
    const bench = await knox([refuse('4002250'), issue(SECONDS + 1800)])

    await bench.kind.mint(SA_TOKEN)

    expect(bench.calls).toHaveLength(2)
    expect(decode(jwtOf(bench, 0), 1).jti).not.toBe(decode(jwtOf(bench, 1), 1).jti)
  })

  it('gives up when the new jti is called used, too', async () => {
    const bench = await knox([refuse([4002250])])

    await expect(bench.kind.mint(SA_TOKEN)).rejects.toMatchObject({
      kind: 'unknown',
      upstream: { code: '4002250' },
    })
    expect(bench.calls).toHaveLength(2)
  })

  it('uses a new jti in every JWT', async () => {
    const bench = await knox([issue(SECONDS + 1800)])

    const credentials = await Promise.all(
      Array.from({ length: 50 }, () => bench.kind.mint(SA_TOKEN)),
    )

    const sent = bench.calls.map((_call, n) => decode(jwtOf(bench, n), 1).jti)
    const signed = credentials.map(({ value }) => decode(value.reveal(), 1).jti)
    expect(new Set([...sent, ...signed]).size).toBe(100)
  })

  it.each([
    ['spki', 'publicKeySpki'],
    ['verbatim', 'publicKeyVerbatim'],
  ] as const)('sends the public key as configured, %s, everywhere', async (format, field) => {
    const bench = await knox([issue(SECONDS + 1800)], { publicKeyFormat: format })

    const credential = await bench.kind.mint(SA_TOKEN)

    const { keys } = bench.program
    const sent = JSON.parse(bench.calls[0]?.body ?? '{}').base64EncodedStringPublicKey
    expect(keys.publicKeySpki).not.toBe(keys.publicKeyVerbatim)
    expect([
      sent,
      decode(jwtOf(bench, 0), 1).publicKey,
      decode(credential.value.reveal(), 1).publicKey,
    ]).toEqual([keys[field], keys[field], keys[field]])
  })

  it.each([
    ['idp_token', 'refused', refuse(4010011, 401)],
    ['operator', 'refused', refuse(4030000, 403)],
    ['operator', 'refused', refuse('40122050', 401)],
    ['trust', 'refused', refuse('40300000', 403)],
    ['unknown', 'refused', refuse(4999999, 400)],
    ['transient', 'unavailable', refuse(5000000, 500)],
    ['transient', 'unavailable', refuse(4002250, 503)],
    ['transient', 'malformed', json(200, {})],
    ['transient', 'malformed', json(302, {}, { location: '/' })],
    ['transient', 'unreachable', (res: ServerResponse) => res.destroy()],
    ['transient', 'timeout', () => {}],
  ])('asks once and throws %s, %s', async (kind, reason, answer) => {
    const bench = await knox([answer])

    await expect(bench.kind.mint(SA_TOKEN)).rejects.toMatchObject({ kind, reason })
    expect(bench.calls).toHaveLength(1)
  })

  it('shows no secret in what it throws', async () => {
    const bench = await knox([
      (res) =>
        json(400, { code: 1, message: `bad ${jwtOf(bench, 0)}`, data: 'sa-access-token' })(res),
    ])

    const failure = await bench.kind.mint(SA_TOKEN).catch((error) => error)

    expect(failure).toBeInstanceOf(KnoxError)
    expect(failure.upstream.message).toBe('bad')
    expect(inspect(failure, { depth: 9 })).not.toMatch(/eyJ|sa-access-token|client-identifier/)
  })
})

describe('verify', () => {
  const credential = {
    headerName: 'x-knox-apitoken',
    value: new Secret('signed.knox.token'),
    expiresAt: NOW,
  }

  it('makes one cheap read with the credential', async () => {
    const bench = await knox([json(200, { totalCount: 0 })])

    await bench.kind.verify(credential)

    expect(bench.calls).toHaveLength(1)
    expect(bench.calls[0]).toMatchObject({
      method: 'GET',
      url: '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1',
      body: '',
    })
    expect(bench.calls[0]?.headers['x-knox-apitoken']).toBe('signed.knox.token')
  })

  it.each([
    ['trust', refuse(40300000, 403)],
    ['knox_token', refuse(4030000, 403)],
    ['knox_token', refuse('4032251', 403)],
    ['transient', refuse(1, 503)],
    ['unknown', refuse(4030003, 403)],
  ])('throws %s', async (kind, answer) => {
    await expect((await knox([answer])).kind.verify(credential)).rejects.toMatchObject({ kind })
  })
})

it('reports every call with its outcome', async () => {
  const bench = await knox([issue(SECONDS + 1800), refuse(40300000, 403), refuse(4010011, 401)])

  const credential = await bench.kind.mint(SA_TOKEN)
  await bench.kind.verify(credential).catch(() => {})
  await bench.kind.mint(SA_TOKEN).catch(() => {})

  expect(bench.observations).toEqual([
    { operation: 'mint', outcome: 'ok', durationMs: 0 },
    { operation: 'verify', outcome: 'trust', durationMs: 0 },
    { operation: 'mint', outcome: 'idp_token', durationMs: 0 },
  ])
})
