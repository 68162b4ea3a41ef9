import { describe, expect, it } from '@jest/globals'
import type { FaultAction } from '../../../src/sandbox/control/faults.ts'
import { fingerprint } from '../../../src/sandbox/record.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { eventually } from '../../support/eventually.ts'
import { decide, obtainTokens, postToken } from './support/samsung-account.ts'
import { startSandbox } from './support/sandbox.ts'

async function ready(action?: FaultAction) {
  const sandbox = await startSandbox()
  const { refresh_token: token } = await obtainTokens(sandbox)
  if (action !== undefined) sandbox.addFault({ on: 'token', do: action })
  return { sandbox, token }
}

const refresh = (sandbox: Sandbox, token: string, signal?: AbortSignal): Promise<Response> =>
  postToken(sandbox, { grant_type: 'refresh_token', refresh_token: token }, {}, signal)

const lastOf = (sandbox: Sandbox) => sandbox.record().requests.at(-1)

const wasSpent = (sandbox: Sandbox, token: string): boolean =>
  sandbox.state.refreshTokens.get(token)?.status === 'spent'

describe('the delivery of an answer', () => {
  it.each<[FaultAction, object]>([
    [
      { kind: 'delay', ms: 1 },
      { delivery: 'delivered', status: 200, outcome: 'accepted' },
    ],
    [
      { kind: 'delay_after_effect', ms: 1 },
      { delivery: 'delivered', status: 200, outcome: 'accepted' },
    ],
    [
      { kind: 'drip', ms: 1 },
      { delivery: 'delivered', status: 200, outcome: 'accepted' },
    ],
    [{ kind: 'malformed' }, { delivery: 'spoilt', status: 200, outcome: 'accepted' }],
    [{ kind: 'half_body' }, { delivery: 'cut', status: null, outcome: 'accepted' }],
    [{ kind: 'headers_only' }, { delivery: 'cut', status: null, outcome: 'accepted' }],
    [{ kind: 'reset_after_effect' }, { delivery: 'cut', status: null, outcome: 'accepted' }],
    [{ kind: 'reset' }, { delivery: 'cut', status: null, outcome: 'not_judged' }],
    [
      { kind: 'status', status: 503 },
      { delivery: 'delivered', status: 503, outcome: 'not_judged' },
    ],
    [
      { kind: 'code', code: 'AUT_1702', message: 'scripted', status: 400 },
      { delivery: 'delivered', status: 400, outcome: 'not_judged' },
    ],
  ])('with %j', async (action, expected) => {
    const { sandbox, token } = await ready(action)

    const received = await refresh(sandbox, token)
      .then((res) => res.text())
      .catch(() => null)

    expect(received === null).toBe('status' in expected && expected.status === null)
    expect(lastOf(sandbox)).toMatchObject({ ...expected, fault: action.kind })
  })
})

describe('delay_after_effect', () => {
  it('acts, and keeps the answer back', async () => {
    const { sandbox, token } = await ready({ kind: 'delay_after_effect', ms: 50 })
    const acted = sandbox.effect('token')
    const before = performance.now()

    const answer = refresh(sandbox, token)
    await acted
    const during = sandbox.record()
    const res = await answer

    expect(during.requests.at(-1)).toMatchObject({ standing: 'live', delivery: 'pending' })
    expect(during.families).toMatchObject([{ rotations: 1, delivery: 'pending' }])
    expect(performance.now() - before).toBeGreaterThanOrEqual(49)
    expect(res.status).toBe(200)
    expect(lastOf(sandbox)?.delivery).toBe('delivered')
  })

  it('waits no longer than its caller', async () => {
    const { sandbox, token } = await ready({ kind: 'delay_after_effect', ms: 600_000 })
    const acted = sandbox.effect('token')
    const leaving = new AbortController()

    const answer = refresh(sandbox, token, leaving.signal)
    await acted
    leaving.abort()

    await expect(answer).rejects.toThrow('aborted')
    await eventually(() => lastOf(sandbox)?.delivery === 'caller_left')
    const [live] = [...sandbox.state.refreshTokens].filter(([, { status }]) => status === 'live')
    expect(wasSpent(sandbox, token)).toBe(true)
    expect(sandbox.record().families).toMatchObject([
      { rotations: 1, liveRefreshToken: fingerprint(live?.[0] ?? ''), delivery: 'caller_left' },
    ])
  })
})

describe('a caller who leaves', () => {
  it('during delay is acted for, and the answer is lost', async () => {
    const { sandbox, token } = await ready({ kind: 'delay', ms: 100 })
    const [arrived, acted] = [sandbox.arrival('token'), sandbox.effect('token')]
    const leaving = new AbortController()

    const answer = refresh(sandbox, token, leaving.signal)
    await arrived
    leaving.abort()

    await expect(answer).rejects.toThrow('aborted')
    await acted
    expect(wasSpent(sandbox, token)).toBe(true)
    await eventually(() => lastOf(sandbox)?.delivery === 'caller_left')
  })

  it('during drip gets no complete answer', async () => {
    const { sandbox, token } = await ready({ kind: 'drip', ms: 600_000 })
    const leaving = new AbortController()

    const res = await refresh(sandbox, token, leaving.signal)
    leaving.abort()

    expect(res.status).toBe(200)
    await eventually(() => lastOf(sandbox)?.delivery === 'caller_left')
  })
})

describe('headers_only', () => {
  it('acts, sends the head of the whole answer and cuts', async () => {
    const { sandbox, token } = await ready({ kind: 'headers_only' })

    const res = await refresh(sandbox, token)

    expect(res.status).toBe(200)
    expect(res.headers.get('content-type')).toContain('application/json')
    expect(Number(res.headers.get('content-length'))).toBeGreaterThan(100)
    await expect(res.text()).rejects.toThrow('terminated')
    expect(wasSpent(sandbox, token)).toBe(true)
  })

  it('promises a body where there is none, so that something is missing', async () => {
    const { sandbox } = await ready()
    sandbox.addFault({ on: 'signin', do: { kind: 'headers_only' } })

    const res = await decide(sandbox, { allow: 'ada' })

    expect(res.status).toBe(302)
    await expect(res.text()).rejects.toThrow('terminated')
  })
})

describe('effect', () => {
  it('tells of a refusal too, and of nothing that a fault kept from being judged', async () => {
    const { sandbox, token } = await ready({ kind: 'status', status: 503 })
    const told: unknown[] = []
    const acted = sandbox.effect('token').then(() => told.push(lastOf(sandbox)?.outcome))

    await refresh(sandbox, token)
    expect(told).toEqual([])
    await refresh(sandbox, 'made-up')
    await acted

    expect(told).toEqual(['refused'])
  })
})
