import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { createSamsungAccountClient } from '../../../src/samsung-account/client.ts'
import { type ReceivedTokens, TokenRequestError } from '../../../src/samsung-account/tokens.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { makeProgram } from './program.ts'
import { json, NOW, startBench, type TestBench } from './token-endpoint.ts'

const opened: TestBench[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()))
})

async function bench(
  answer: (res: ServerResponse) => void,
  timeoutMs?: number,
): Promise<TestBench> {
  const started = await startBench(answer, timeoutMs)
  opened.push(started)
  return started
}

const TOKENS = { access_token: 'at-1', refresh_token: 'rt-2', expires_in: '7200', userId: 'u1' }
const SPENT = new Secret('rt-1-spent')

/** Both grants, so that each rule is seen to hold for both. */
const grants = [
  [
    'exchangeCode',
    (it: TestBench, onTokens: (t: ReceivedTokens) => Promise<void>) =>
      it.client.exchangeCode(SPENT, onTokens),
  ],
  [
    'refresh',
    (it: TestBench, onTokens: (t: ReceivedTokens) => Promise<void>) =>
      it.client.refresh(SPENT, onTokens),
  ],
] as const

describe.each(grants)('%s', (_name, spend) => {
  it('hands the tokens over, counted from when the request left', async () => {
    const received: ReceivedTokens[] = []

    await spend(await bench(json(200, TOKENS)), async (tokens) => {
      received.push(tokens)
    })

    expect(received).toHaveLength(1)
    expect(received[0]?.accessToken.reveal()).toBe('at-1')
    expect(received[0]?.refreshToken?.reveal()).toBe('rt-2')
    expect(received[0]).toMatchObject({ accessExpiresAt: NOW + 7_200_000, userId: 'u1' })
  })

  it('waits until the tokens are stored', async () => {
    const order: string[] = []

    await spend(await bench(json(200, TOKENS)), async () => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push('stored')
    })
    order.push('returned')

    expect(order).toEqual(['stored', 'returned'])
  })

  it.each([
    ['of an unknown type', { ...TOKENS, token_type: 'mac' }, 200, ['token_response_odd']],
    ['without a type', { ...TOKENS, token_type: undefined }, 200, []],
    ['with null for a scope', { ...TOKENS, scope: null }, 200, []],
    ['with an empty id_token', { ...TOKENS, id_token: '' }, 200, []],
    ['with a negative life', { ...TOKENS, expires_in: -1 }, 200, []],
    ['with the refresh token -1', { ...TOKENS, refresh_token: -1 }, 200, []],
    ['under status 201', TOKENS, 201, []],
  ])('keeps tokens %s', async (_what, body, status, events) => {
    const running = await bench(json(status, body))
    let kept = 0

    await spend(running, async () => {
      kept += 1
    })

    expect(kept).toBe(1)
    expect(running.events).toEqual(events)
  })

  it.each([new Error('no store'), new TypeError('no store'), 'no store', undefined])(
    'throws just what storing threw: %p',
    async (thrown) => {
      const running = await bench(json(200, TOKENS))

      const failure = spend(running, () => Promise.reject(thrown))

      await expect(
        failure.then(
          () => 'returned',
          (error) => [error],
        ),
      ).resolves.toEqual([thrown])
      expect(running.seen).toHaveLength(1)
    },
  )

  it.each([
    ['customer refused', json(400, { error_code: 'AUT_1802' })],
    ['customer refused', json(400, { error: 'invalid_grant' })],
    [
      'operator refused',
      json(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="x"' }),
    ],
    ['transient rate_limited', json(429, {})],
    ['transient refused', json(403, {})],
    ['ambiguous unavailable', json(503, { error: 'invalid_grant' })],
    ['ambiguous malformed', json(200, { ok: true })],
    ['ambiguous malformed', json(200, { ...TOKENS, padding: 'a'.repeat(65_536) })],
    ['ambiguous malformed', json(200, TOKENS, { 'content-encoding': 'gzip' })],
    ['ambiguous malformed', json(307, TOKENS, { location: '/elsewhere' })],
    ['ambiguous unreachable', (res: ServerResponse) => res.destroy()],
  ])('asks once and throws %s', async (expected, answer) => {
    const running = await bench(answer)
    let stored = 0

    const failure = await spend(running, async () => {
      stored += 1
    }).catch((error) => error)

    expect(failure).toBeInstanceOf(TokenRequestError)
    expect(`${failure.kind} ${failure.reason}`).toBe(expected)
    expect(running.seen).toHaveLength(1)
    expect(stored).toBe(0)
  })

  it.each([
    [429, '0', 0],
    [429, '7', 7],
    [503, '300', 300],
    [503, '301', 300],
    [503, 'Thu, 09 Oct 2025 08:53:30 GMT', 10],
    [429, '-1', undefined],
    [503, 'soon', undefined],
    [429, undefined, undefined],
    [400, '7', undefined],
    [500, '7', undefined],
    [502, '7', undefined],
  ])('keeps that Samsung asks to wait: %i, %p: %p', async (status, header, seconds) => {
    const date = 'Thu, 09 Oct 2025 08:53:20 GMT'
    const asked = header === undefined ? {} : { 'retry-after': header }
    const running = await bench(json(status, {}, { date, ...asked }))

    const failure = await spend(running, async () => {}).catch((error) => error)

    expect(failure).toBeInstanceOf(TokenRequestError)
    expect(failure.retryAfterSeconds).toBe(seconds)
  })

  it('throws ambiguous timeout when the answer does not come', async () => {
    const running = await bench(() => {}, 500)

    await expect(spend(running, async () => {})).rejects.toMatchObject({
      kind: 'ambiguous',
      reason: 'timeout',
    })
  })

  it('shows no secret in what it throws', async () => {
    const echo = { error: 'invalid_grant', error_description: 'at-1', access_token: 7, got: 'rt-2' }
    const running = await bench(json(400, echo))

    const failure = await spend(running, async () => {}).catch((error) => error)

    expect(failure.cause).toBeUndefined()
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/rt-1-spent|rt-2|écret/)
  })

  it('puts no secret into a URL', async () => {
    const running = await bench(json(200, TOKENS))

    await spend(running, async () => {})

    expect(running.seen[0]?.url).toBe('/auth/oauth2/token')
    expect(running.seen[0]?.authorization).toBeUndefined()
  })
})

it('keeps two requests at the same time apart', async () => {
  let asked = 0
  const running = await bench((res) => {
    asked += 1
    json(asked === 1 ? 400 : 200, asked === 1 ? { error: 'invalid_grant' } : TOKENS)(res)
  })
  const outcome = () =>
    running.client
      .refresh(SPENT, async () => {})
      .then(
        () => 'ok',
        ({ kind }) => kind,
      )

  const outcomes = await Promise.all([outcome(), outcome()])

  expect(outcomes.toSorted()).toEqual(['customer', 'ok'])
})

describe('nothing is sent', () => {
  const clientOf = (tokenUrl: string) => {
    const outbound = createOutbound({
      allowedOrigins: [new URL(tokenUrl).origin],
      timeoutMs: 1000,
      responseLimitBytes: 100,
      clock: () => NOW,
    })
    const program = makeProgram('http://127.0.0.1', { samsungAccount: { tokenUrl } })
    return createSamsungAccountClient({ program, redirectUri: 'https://gate.example', outbound })
  }

  it('over http to another machine', async () => {
    await expect(
      clientOf('http://192.0.2.1/token').refresh(SPENT, async () => {}),
    ).rejects.toMatchObject({ kind: 'not_sent', reason: 'refused' })
  })

  it('when the connection is refused', async () => {
    const running = await startBench(json(200, TOKENS))
    await running.close()

    await expect(running.client.refresh(SPENT, async () => {})).rejects.toMatchObject({
      kind: 'not_sent',
      reason: 'unreachable',
    })
  })
})
