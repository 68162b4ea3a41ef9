import { beforeEach, describe, expect, it } from '@jest/globals'
import { type Breaker, ProgramHeldError } from '../../../src/breaker/breaker.ts'
import { failing, HOUR, knoxError, MINUTE, tokenError } from './support/samsung.ts'
import { codeOf, createWorld, PROGRAM, type World } from './support/world.ts'

/** What the breaker was told, in order, and what it holds. */
let told: string[]
let holds: string | undefined
let world: World
let id: string

const UPSTREAM = { service: 'knox', status: 401, code: '4012250' } as const

beforeEach(async () => {
  told = []
  holds = undefined
  const note = (what: string, program: string, operation: string, connection: string) => {
    expect([program, connection]).toEqual([PROGRAM, id])
    told.push(`${operation} ${what}`)
  }
  const breaker: Breaker = {
    async admit(program, operation, connection) {
      note('asked', program, operation, connection)
      if (holds === operation) throw new ProgramHeldError(UPSTREAM, 2)
    },
    refused: async (program, operation, connection, { code }) =>
      note(`refused ${code}`, program, operation, connection),
    accepted: async (program, operation, connection) =>
      note('accepted', program, operation, connection),
    alarm: () => null,
  }
  world = createWorld({ known: { breaker } })
  id = await world.connect()
})

const mint = () => world.replica().mint(id, { minTtlMs: 60_000, arrivedAt: world.clock() })
const ASKED = 'exchange asked'
const IDP_TOKEN = failing(knoxError('idp_token', 'refused', '4010011'))

describe('an exchange', () => {
  it('that brings a token is an acceptance, asked for before anything else', async () => {
    world.advance(HOUR)

    await mint()

    expect(told).toEqual([ASKED, 'refresh asked', 'refresh accepted', 'exchange accepted'])
  })

  it.each([
    ['operator', ['exchange refused 4711']],
    ['trust', ['exchange accepted']],
    ['transient', []],
    ['knox_token', []],
    ['unknown', []],
  ] as const)('that ends with %s tells %j', async (kind, expected) => {
    world.samsung.mintSteps.push(failing(knoxError(kind, 'refused', '4711')))

    await codeOf(mint())

    expect(told).toEqual([ASKED, ...expected])
  })

  it.each([
    ['operator', ['exchange refused 4711']],
    ['trust', ['exchange accepted']],
    ['idp_token', ['exchange refused 4711']],
    ['transient', []],
  ] as const)('that ends with %s after a renewal tells %j', async (kind, expected) => {
    world.samsung.mintSteps.push(IDP_TOKEN, failing(knoxError(kind, 'refused', '4711')))

    await codeOf(mint())

    expect(told).toEqual([ASKED, 'refresh asked', 'refresh accepted', ...expected])
  })

  it('whose token is good after a renewal tells of the good one only', async () => {
    world.samsung.mintSteps.push(IDP_TOKEN)

    await mint()

    expect(told.slice(-1)).toEqual(['exchange accepted'])
    expect(told.join()).not.toContain('exchange refused')
  })

  it('whose renewal fails tells nothing of exchanges', async () => {
    world.samsung.mintSteps.push(IDP_TOKEN)
    world.samsung.refreshSteps.push(failing(tokenError('operator')))

    await codeOf(mint())

    expect(told).toEqual([ASKED, 'refresh asked', 'refresh refused AUT_1'])
  })

  it('whose refused token is not renewed again within the minute is one more refusal', async () => {
    world.samsung.refuseAccess('all')
    await codeOf(mint())
    told.length = 0

    await codeOf(mint())

    expect(told).toEqual([ASKED, 'exchange refused 4010011'])
  })

  it('is not asked for when a token is at hand', async () => {
    await mint()
    told.length = 0

    await mint()

    expect(told).toEqual([])
  })
})

describe('while held', () => {
  it.each(['refresh', 'exchange'])('%s: the connection is left as it is', async (operation) => {
    world.advance(HOUR)
    const before = await world.connectionOf(id)
    holds = operation

    await expect(mint()).rejects.toMatchObject({
      code: 'upstream_refused_client',
      extras: { upstream: UPSTREAM, retryAfterSeconds: 2 },
    })

    expect(await world.connectionOf(id)).toEqual(before)
    expect(world.samsung.spent).toEqual([])
    expect(world.samsung.exchanged).toEqual([])
  })

  it('refresh: an access token that is due and lives is exchanged', async () => {
    world.advance(45 * MINUTE)
    holds = 'refresh'

    await mint()

    expect(world.samsung.exchanged).toEqual(['access-1'])
    expect(told).toEqual([ASKED, 'refresh asked', 'exchange accepted'])
  })
})
