import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { SamsungAccountProgram } from '../../../src/config/config.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { createTime, MINUTE, SECOND } from '../outbound/clock-world.ts'
import { json } from '../samsung-account/token-endpoint.ts'
import { decode, type KnoxBench, kcsToken, startKnox } from './ams-server.ts'

const SA_TOKEN = new Secret('sa-access-token')
/** How far `iat` may lie ahead. */
const LEEWAY = 60

const opened: KnoxBench[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()))
})

interface ClockBench extends KnoxBench {
  readonly time: ReturnType<typeof createTime>
  /** Moves Samsung's clock. */
  setSkew(seconds: number): void
  /** How far ahead, by Knox's clock, the `iat` of an exchange is now; whole seconds. */
  iatOf(call: number): number
}

const exchanged = (bench: KnoxBench, call: number) =>
  decode(JSON.parse(bench.calls[call]?.body ?? '{}').clientIdentifierJwt, 1)

/** A Knox that judges what is signed by a clock of its own. */
async function start(
  skewSeconds: number,
  settings: Partial<SamsungAccountProgram['knox']> = {},
): Promise<ClockBench> {
  const time = createTime()
  let skewMs = skewSeconds * SECOND
  const now = () => (time.clock() + skewMs) / SECOND
  const answer = (res: ServerResponse): void => {
    const { method, body = '', headers } = bench.calls.at(-1) ?? {}
    const isMint = method === 'POST'
    const request = isMint ? JSON.parse(body) : {}
    const jwt = isMint ? request.clientIdentifierJwt : String(headers?.['x-knox-apitoken'])
    const { iat, exp } = decode(jwt, 1)
    const date = new Date(now() * SECOND).toUTCString()
    const minutes = request.validityForAccessTokenInMinutes ?? 30
    if (Number(iat) > now() + LEEWAY || Number(exp) <= now())
      json(403, { code: isMint ? 4030000 : 4032251, message: 'EXPIRED' }, { date })(res)
    else json(200, { accessToken: kcsToken(Math.floor(now()) + minutes * 60) }, { date })(res)
  }
  const bench = await startKnox([answer], settings, time)
  opened.push(bench)
  return {
    ...bench,
    time,
    setSkew(seconds) {
      skewMs = seconds * SECOND
    },
    iatOf: (call) => Number(exchanged(bench, call).iat) - Math.floor(now()),
  }
}

/** How long a credential is said to live, by our clock; seconds. */
async function mintedFor(bench: ClockBench): Promise<number> {
  const { expiresAt } = await bench.kind.mint(SA_TOKEN)
  return (expiresAt - bench.time.clock()) / SECOND
}

/** Has the governor hear the time from Knox as often as it needs. */
async function settle(bench: ClockBench): Promise<void> {
  for (let n = 0; n < 2; n += 1) {
    bench.time.advance(SECOND)
    await bench.kind.mint(SA_TOKEN)
  }
}

describe('when our clock is four minutes ahead', () => {
  it('the first refusal teaches Samsung’s time, and the exchange is repeated with it at once', async () => {
    const bench = await start(-240)

    const lives = await mintedFor(bench)

    expect(bench.calls).toHaveLength(2)
    expect(bench.iatOf(0)).toBe(240)
    expect(bench.iatOf(1)).toBe(0)
    expect(exchanged(bench, 0).jti).not.toBe(exchanged(bench, 1).jti)
    expect(Math.abs(lives - 1800)).toBeLessThanOrEqual(1)
  })

  it('every exchange from then on is right at the first attempt', async () => {
    const bench = await start(-240)
    await settle(bench)
    bench.calls.length = 0

    await bench.kind.verify(await bench.kind.mint(SA_TOKEN))

    expect(bench.calls.map(({ method }) => method)).toEqual(['POST', 'GET'])
  })

  it('exchanges that were under way together are repeated once each', async () => {
    const bench = await start(-240)

    await Promise.all(Array.from({ length: 20 }, () => bench.kind.mint(SA_TOKEN)))

    expect(bench.calls.length).toBeLessThanOrEqual(40)
    const jtis = bench.calls.map((_, call) => exchanged(bench, call).jti)
    expect(new Set(jtis).size).toBe(jtis.length)
  })
})

describe('when our clock is four minutes behind', () => {
  it('an exchange works at once, and the end of its token is right from the second answer on', async () => {
    const bench = await start(240)
    await mintedFor(bench)
    bench.time.advance(SECOND)

    const lives = await mintedFor(bench)

    expect(bench.calls).toHaveLength(2)
    expect(Math.abs(lives - 1800)).toBeLessThanOrEqual(1)
  })
})

describe.each([240, -240, 0])('with Samsung’s clock %i s ahead', (skew) => {
  it('what is signed bears its time, and ends by ours', async () => {
    const bench = await start(skew)
    await settle(bench)
    const call = bench.calls.length

    const credential = await bench.kind.mint(SA_TOKEN)

    const { iat, exp } = decode(credential.value.reveal(), 1)
    const localIat = bench.time.clock() / SECOND + skew
    expect(Math.abs(bench.iatOf(call))).toBeLessThanOrEqual(1)
    expect(Math.abs(Number(iat) - localIat)).toBeLessThanOrEqual(1)
    expect(Number(exp) - Number(iat)).toBe(1800)
    await bench.kind.verify(credential)
  })

  it('a Knox token that ends before its signature ends by our clock, too', async () => {
    const bench = await start(skew, { validityMinutes: 10 })
    await settle(bench)

    expect(Math.abs((await mintedFor(bench)) - 600)).toBeLessThanOrEqual(1)
  })
})

describe('a skew of five minutes', () => {
  it('is corrected', async () => {
    const bench = await start(-300)

    await bench.kind.mint(SA_TOKEN)
    expect(bench.samsungClock.correctionMs()).toBe(-5 * MINUTE)
  })

  it('and a second is not: one request, and an error for the operator', async () => {
    const bench = await start(-301)

    await expect(bench.kind.mint(SA_TOKEN)).rejects.toMatchObject({
      kind: 'operator',
      upstream: { code: '4030000' },
    })
    expect(bench.calls).toHaveLength(1)
    expect(bench.samsungClock.state()).toMatchObject({ correctionMs: 0, beyondLimit: true })
  })

  it('and a second behind leaves what is signed as it is', async () => {
    const bench = await start(301)
    await settle(bench)

    await bench.kind.mint(SA_TOKEN)

    expect(bench.iatOf(2)).toBe(-301)
  })
})

describe('an exchange that is refused', () => {
  async function refuse(code: number, skewMs: number, status = 403) {
    const time = createTime()
    const answer = (res: ServerResponse): void => {
      const date = new Date(time.clock() + skewMs).toUTCString()
      json(status, { code, message: 'NO' }, { date })(res)
    }
    const bench = await startKnox([answer], {}, time)
    opened.push(bench)
    return { bench, time }
  }

  it.each([
    ['once, when the clocks agree', 1, 4030000, 0, 403],
    ['twice, when they do not', 2, 4030000, -4 * MINUTE, 403],
    ['twice, with the other code', 2, 4032251, 4 * MINUTE, 403],
    ['once, when the code is about something else', 1, 4012250, -4 * MINUTE, 403],
    ['once, when it is about too many requests', 1, 4030000, -4 * MINUTE, 429],
    ['once, when a gateway may have answered', 1, 4030000, -4 * MINUTE, 503],
  ])('is sent %s', async (_, times, code, skewMs, status) => {
    const { bench } = await refuse(code, skewMs, status)

    await expect(bench.kind.mint(SA_TOKEN)).rejects.toMatchObject({ name: 'KnoxError' })
    expect(bench.calls).toHaveLength(times)
    expect(bench.samsungClock.correctionMs()).toBe(times === 2 ? skewMs : 0)
  })

  it('for something else is not sent again, although its date has changed what is known', async () => {
    const { bench, time } = await refuse(4012250, -4 * MINUTE)
    await expect(bench.kind.mint(SA_TOKEN)).rejects.toMatchObject({ kind: 'operator' })
    time.advance(SECOND)

    await expect(bench.kind.mint(SA_TOKEN)).rejects.toMatchObject({ kind: 'operator' })
    expect(bench.calls).toHaveLength(2)
    expect(bench.samsungClock.correctionMs()).toBe(-4 * MINUTE)
  })
})

it('learns the time from a signed token that Knox calls expired', async () => {
  const bench = await start(0)
  const credential = await bench.kind.mint(SA_TOKEN)
  bench.setSkew(-240)

  await expect(bench.kind.verify(credential)).rejects.toMatchObject({ kind: 'knox_token' })
  bench.calls.length = 0
  await bench.kind.verify(await bench.kind.mint(SA_TOKEN))

  expect(bench.calls).toHaveLength(2)
})

it('is right at the next exchange after our clock has been set', async () => {
  const bench = await start(-240)
  await settle(bench)
  bench.time.set(-4 * MINUTE)
  bench.setSkew(0)
  bench.calls.length = 0

  expect(Math.abs((await mintedFor(bench)) - 1800)).toBeLessThanOrEqual(1)
  expect(bench.calls).toHaveLength(1)
})
