import { beforeEach, describe, expect, it } from '@jest/globals'
import { KnoxError } from '../../../src/knox/kind.ts'
import { parseProgramToken, programTokenId } from '../../../src/vault/program-token-record.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { failing, held, knoxError, MINUTE } from './support/samsung.ts'
import { codeOf, createWorld, PROGRAM, type World } from './support/world.ts'

const CONN = 'conn_00000000000000000000000000000000'

let world: World
let here: ReturnType<World['replica']>
let there: ReturnType<World['replica']>

beforeEach(() => {
  world = createWorld()
  here = world.replica()
  there = world.replica()
})

const ask = (replica = here, request: object = {}) =>
  replica.programTokens.get(PROGRAM, CONN, {
    minTtlMs: MINUTE,
    arrivedAt: world.clock(),
    ...request,
  })

const exchanges = () => world.samsung.exchanged.length

async function stored() {
  const { document } = await world.store.read(documentKey(programTokenId(PROGRAM)))
  return parseProgramToken(document?.text ?? '')
}

describe('the token of a program', () => {
  it('is one for all who ask at once, in every process', async () => {
    const wait = held()
    world.samsung.mintSteps.push(wait.step)

    const asked = [ask(here), ask(there), ask(here), ask(there)]
    await wait.arrived
    wait.release()
    const tokens = await Promise.all(asked)

    expect(new Set(tokens.map(({ tokenId }) => tokenId)).size).toBe(1)
    expect(exchanges()).toBe(1)
  })

  it('is kept sealed, and nobody holds the lease afterwards', async () => {
    const token = await ask()

    const record = await stored()
    expect(record.token).toMatchObject({ tokenId: token.tokenId, headerName: 'x-knox-apitoken' })
    expect(JSON.stringify(record)).not.toContain(token.value.reveal())
    expect(record).not.toHaveProperty('lease')
    expect(record).not.toHaveProperty('failure')
  })

  it('is handed out without asking the store for a moment, and no longer', async () => {
    const first = await ask(here)
    await there.programTokens.replace(PROGRAM, CONN)

    world.advance(999)
    const believed = await ask(here)
    world.advance(1)
    const asked = await ask(here)

    expect(believed.tokenId).toBe(first.tokenId)
    expect(asked.tokenId).not.toBe(first.tokenId)
    expect(exchanges()).toBe(2)
  })

  it('is renewed before its end behind the callers backs', async () => {
    const first = await ask()
    world.advance(28 * MINUTE)

    const served = await ask()
    await here.programTokens.idle()
    const next = await ask()

    expect(served.tokenId).toBe(first.tokenId)
    expect(next.tokenId).not.toBe(first.tokenId)
    expect(exchanges()).toBe(2)
  })

  it('is made for a caller who needs it longer than it lives', async () => {
    const first = await ask()
    world.advance(20 * MINUTE)

    const longer = await ask(here, { minTtlMs: 15 * MINUTE })

    expect(longer.tokenId).not.toBe(first.tokenId)
  })

  it('is not handed out when it had ended before it came', async () => {
    const short = createWorld({ knoxLifeMs: 0 })
    const replica = short.replica()
    const request = { minTtlMs: 0, arrivedAt: short.clock() }

    const code = await codeOf(replica.programTokens.get(PROGRAM, CONN, request))

    expect(code).toBe('upstream_malformed')
  })
})

describe('a token that Knox refused', () => {
  it('is replaced for all, once a minute', async () => {
    const first = await ask()

    const second = await ask(here, { rejected: first.tokenId })
    const elsewhere = await ask(there, { rejected: first.tokenId })
    const tooSoon = await ask(there, { rejected: second.tokenId })
    world.advance(MINUTE)
    const later = await ask(there, { rejected: second.tokenId })

    expect(second.tokenId).not.toBe(first.tokenId)
    expect([elsewhere.tokenId, tooSoon.tokenId]).toEqual([second.tokenId, second.tokenId])
    expect(later.tokenId).not.toBe(second.tokenId)
    expect(exchanges()).toBe(3)
  })

  it('stays while nothing was kept by that name', async () => {
    const first = await ask()

    expect((await ask(here, { rejected: 'another' })).tokenId).toBe(first.tokenId)
  })
})

describe('an exchange that fails', () => {
  it('makes all processes wait, and tells all the same', async () => {
    const down = () => failing(knoxError('transient', 'unavailable'))
    world.samsung.mintSteps.push(down(), down())

    expect(await codeOf(ask(here))).toBe('upstream_unavailable')
    expect(await codeOf(ask(there))).toBe('upstream_unavailable')
    expect(exchanges()).toBe(1)
    world.advance(500)
    expect(await codeOf(ask(there))).toBe('upstream_unavailable')
    world.advance(500)
    expect(await codeOf(ask(here))).toBe('upstream_unavailable')
    expect(exchanges()).toBe(2)
    world.advance(999)
    expect(await codeOf(ask(there))).toBe('upstream_unavailable')
    expect(exchanges()).toBe(2)
    world.advance(1)
    await ask(there)

    expect(exchanges()).toBe(3)
    expect(await stored()).not.toHaveProperty('failure')
  })

  it('waits as long as Samsung asks for', async () => {
    const limited = new KnoxError('transient', 'rate_limited', { service: 'knox' }, 30)
    world.samsung.mintSteps.push(failing(limited))

    expect(await codeOf(ask())).toBe('upstream_rate_limited')
    world.advance(29_999)
    await expect(ask()).rejects.toMatchObject({ extras: { retryAfterSeconds: 1 } })
    world.advance(1)
    await ask()

    expect(exchanges()).toBe(2)
  })

  it('leaves what is at hand to its callers, and is not repeated by each of them', async () => {
    const first = await ask()
    world.advance(28 * MINUTE)
    world.samsung.mintSteps.push(failing(knoxError('transient', 'unavailable')))

    for (let n = 0; n < 5; n++) {
      expect((await ask()).tokenId).toBe(first.tokenId)
      await here.programTokens.idle()
    }

    expect(exchanges()).toBe(2)
  })

  it('does not keep an attempt of the operator from being made', async () => {
    world.samsung.mintSteps.push(failing(knoxError('operator', 'refused', '4012250')))
    expect(await codeOf(ask())).toBe('upstream_refused_client')

    await here.programTokens.replace(PROGRAM, CONN)

    expect(exchanges()).toBe(2)
    expect((await ask()).tokenId).toBe((await stored()).token?.tokenId)
  })
})

it('is made by another process when the one at work has died', async () => {
  const never = held()
  world.samsung.mintSteps.push(never.step)
  const lost = ask(here)
  await never.arrived

  world.advance(12_000)
  const token = await ask(there)
  never.release()
  await lost

  expect(exchanges()).toBe(2)
  expect((await stored()).token?.expiresAt).toBe(token.expiresAt)
})
