import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import type { Answer } from '../../../scripts/stack/portal-client.ts'
import { eventually } from '../../support/eventually.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { age, expire, storedConnection } from '../../support/stored-connection.ts'

const CALLERS = 200
const HERD_MS = 60_000

let rig: Rig
let ids: string[]

beforeAll(async () => {
  rig = await startRig({
    replicas: 3,
    // A caller may queue behind 599 others on a busy machine; that is no failure of the service.
    env: {
      KNOXGATE_UPSTREAM_TIMEOUT: '15s',
      KNOXGATE_REFRESH_LEASE: '25s',
      KNOXGATE_STORE_TIMEOUT: '10s',
      KNOXGATE_STORE_REQUEST_BUDGET: '10s',
    },
  })
  ids = [await rig.connect('t1'), await rig.connect('t2', 'ben'), await rig.connect('t3')]
}, HERD_MS)
afterAll(() => rig?.close())
beforeEach(() => {
  rig.sandbox.clearRecord()
  rig.sandbox.clearFaults()
})

/** Callers on each connection at once, spread over the first `services` services. */
function herd(
  services: number,
  options: { readonly callers?: number; readonly bodyOf?: (id: string) => unknown } = {},
) {
  const { callers = CALLERS, bodyOf = () => undefined } = options
  const all = ids.flatMap((id) =>
    Array.from({ length: callers }, async (_, n) => {
      const call = rig.calls[n % services] ?? rig.call
      return { id, answer: await call('POST', `/v1/connections/${id}/token`, bodyOf(id)) }
    }),
  )
  return Promise.all(all)
}

/** Signed tokens that the callers of one connection got, each once. */
function tokensOf(answers: readonly { id: string; answer: Answer }[], id: string) {
  const own = answers.filter((one) => one.id === id)
  return new Set(own.map(({ answer }): string => answer.body.headers['x-knox-apitoken']))
}

/** The administrators whose Knox tokens were handed out for one connection. */
function accountsOf(answers: readonly { id: string; answer: Answer }[], id: string) {
  return new Set(
    [...tokensOf(answers, id)].map((signed: string) => {
      const { accessToken } = JSON.parse(atob(signed.split('.')[1] ?? ''))
      return rig.sandbox.state.kcsTokens.get(accessToken)?.accountId
    }),
  )
}

function expectOwnTokens(answers: readonly { id: string; answer: Answer }[]): void {
  expect(ids.map((id) => [...accountsOf(answers, id)])).toEqual([['ada'], ['ben'], ['ada']])
}

const statusesOf = (answers: readonly { answer: Answer }[]) => [
  ...new Set(answers.map(({ answer }) => `${answer.status} ${answer.body.code ?? ''}`)),
]

const exchanges = () => rig.sandbox.record().requests.filter(({ on }) => on === 'ams')

it(
  'renews each of three expired connections once for 600 callers of two services, and serves all',
  async () => {
    for (const id of ids) await expire(rig.db, id)
    rig.sandbox.addFault({ on: 'token', times: 100, do: { kind: 'delay', ms: 1000 } })

    const answers = await herd(2)

    expect(statusesOf(answers)).toEqual(['200 '])
    expectOwnTokens(answers)
    expect(rig.grants('refresh_token')).toBe(3)
    for (const id of ids) expect((await storedConnection(rig.db, id)).record.generation).toBe(2)
    const presented = rig.sandbox.record().requests.flatMap((one) => one.presented ?? [])
    expect(new Set(presented).size).toBe(presented.length)
  },
  HERD_MS,
)

it(
  'makes no more than one Knox token a process and connection when only those have ended',
  async () => {
    for (const id of ids) await age(rig.db, id, { knoxToken: { leftMs: -1000 } })
    rig.sandbox.addFault({ on: 'ams', times: 100, do: { kind: 'delay', ms: 300 } })

    const answers = await herd(3)

    expect(statusesOf(answers)).toEqual(['200 '])
    expectOwnTokens(answers)
    expect(rig.grants('refresh_token')).toBe(0)
    expect(exchanges().length).toBeGreaterThanOrEqual(3)
    expect(exchanges().length).toBeLessThanOrEqual(9)
    for (const id of ids) expect(tokensOf(answers, id).size).toBeLessThanOrEqual(3)
    const jtis = exchanges().map(({ jti }) => jti)
    expect(new Set(jtis).size).toBe(jtis.length)
  },
  HERD_MS,
)

it('agrees on one token a connection afterwards, in all processes', async () => {
  for (const id of ids) {
    const answers = await Promise.all(
      rig.calls.map((call) => call('POST', `/v1/connections/${id}/token`)),
    )
    expect(new Set(answers.map(({ body }) => body.token_id)).size).toBe(1)
  }
  expect(exchanges()).toEqual([])
})

it(
  'replaces a token that 600 callers report as refused, without a storm',
  async () => {
    const refused = new Map<string, string>()
    for (const id of ids) refused.set(id, (await rig.token(id)).body.token_id)
    rig.sandbox.clearRecord()

    const answers = await herd(3, { bodyOf: (id) => ({ rejected: refused.get(id) }) })

    expect(statusesOf(answers)).toEqual(['200 '])
    expect(exchanges().length).toBeLessThanOrEqual(9)
    for (const id of ids) {
      const given = answers.filter((one) => one.id === id).map(({ answer }) => answer.body.token_id)
      expect(given).not.toContain(refused.get(id))
    }
  },
  HERD_MS,
)

it(
  'gives callers the token that is due but good at once, while one renews it',
  async () => {
    const before = new Map<string, string>()
    for (const id of ids) {
      before.set(id, (await rig.token(id)).body.token_id)
      await age(rig.db, id, { knoxToken: { leftMs: 90_000 } })
    }
    rig.sandbox.clearRecord()
    rig.sandbox.addFault({ on: 'ams', times: 100, do: { kind: 'delay', ms: 3000 } })
    const renewing = rig.sandbox.arrival('ams')

    const answers = await herd(2, { callers: 20 })

    await renewing
    expect(statusesOf(answers)).toEqual(['200 '])
    for (const { id, answer } of answers) expect(answer.body.token_id).toBe(before.get(id))
    await eventually(() => exchanges().length === 6)
  },
  HERD_MS,
)
