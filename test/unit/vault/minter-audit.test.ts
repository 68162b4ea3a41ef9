import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Trail } from '../../../src/audit/trail.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { createLog } from '../../../src/shared/log.ts'
import { type MemoryTrail, startMemoryTrail } from '../../support/audit.ts'
import { failing, HOUR, knoxError } from './support/samsung.ts'
import { codeOf, createWorld, PORTAL, PROGRAM, type World } from './support/world.ts'

const unavailable = new ServiceError('audit_unavailable', { retryAfterSeconds: 1 })

let world: World
let memory: MemoryTrail
let id: string
/** What the trail does instead of its work. */
let broken: Partial<Trail>

beforeEach(async () => {
  broken = {}
  const clock = () => Date.parse('2026-11-20T17:00:00Z')
  memory = await startMemoryTrail({ clock, log: createLog('silent') })
  const { trail } = memory
  world = createWorld({
    audit: {
      ...trail,
      record: (event) => (broken.record ?? trail.record)(event),
      assertWritable: () => (broken.assertWritable ?? trail.assertWritable)(),
    },
  })
  id = await world.connect()
})

const about = () => ({ portal: PORTAL, program: PROGRAM, connection: id })

it('records each token that is made, by its fingerprint, and none that was at hand', async () => {
  const { ask } = world.replica()

  const handOut = await ask(id)
  await ask(id)

  expect(await memory.entries()).toMatchObject([
    { event: 'token_minted', outcome: 'ok', token: handOut.tokenId, ...about() },
  ])
})

it('records each exchange that brought none, with the code that the caller gets', async () => {
  world.samsung.mintSteps.push(failing(knoxError('trust')))

  expect(await codeOf(world.replica().ask(id))).toBe('trust_missing')

  expect(await memory.entries()).toMatchObject([
    { event: 'token_minted', outcome: 'trust_missing', ...about() },
  ])
})

it('records how each renewal ended, once', async () => {
  world.advance(2 * HOUR)

  await world.replica().ask(id)

  const entries = await memory.entries()
  expect(entries.map(({ event, outcome }) => [event, outcome])).toEqual([
    ['refresh_ended', 'success'],
    ['token_minted', 'ok'],
  ])
  expect(entries[0]).toMatchObject(about())
})

describe('where nothing can be recorded', () => {
  it('no exchange is made, the connection is no worse for it, and tokens at hand go on', async () => {
    const { ask } = world.replica()
    const other = await world.connect({ tenantRef: 'tenant-2' })
    const kept = await ask(other)
    const exchanges = world.samsung.exchanged.length
    broken.assertWritable = () => {
      throw unavailable
    }

    expect(await codeOf(ask(id))).toBe('audit_unavailable')

    expect(world.samsung.exchanged.length).toBe(exchanges)
    expect((await world.bindingOf(id)).lastError).toBeUndefined()
    expect((await ask(other)).tokenId).toBe(kept.tokenId)
  })

  it('a token that was made meanwhile is neither given out nor kept', async () => {
    broken.record = () => Promise.reject(unavailable)

    expect(await codeOf(world.replica().ask(id))).toBe('audit_unavailable')

    expect((await world.bindingOf(id)).knoxToken).toBeUndefined()
  })
})
