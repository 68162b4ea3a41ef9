import { beforeEach, expect, it } from '@jest/globals'
import { documentKey } from '../../../src/vault/store.ts'
import { createFaultyStore } from '../vault/support/faulty-store.ts'
import { createKeysWorld } from './support/book.ts'
import { callerOf, textOf } from './support/keys.ts'

const MINUTE = 60_000

let world: ReturnType<typeof createKeysWorld>

beforeEach(() => {
  world = createKeysWorld()
})

const stored = async () => {
  const { document } = await world.store.read(documentKey('credential_uses'))
  return { revision: document?.revision ?? 0, uses: JSON.parse(document?.text ?? '{}').uses }
}

it('a use is told at once where it happened, and written behind the caller’s back', async () => {
  const { keys, authenticator, uses } = world.replica()
  const made = await keys.create('acme', { scopes: ['tokens'] }, 'operate')
  const caller = callerOf(`Bearer ${textOf(made)}`)
  expect((await keys.list('acme'))[0]?.lastUsedAt).toBeUndefined()

  for (let i = 0; i < 100; i++) authenticator.identify(caller)

  expect((await keys.list('acme'))[0]?.lastUsedAt).toBe(world.clock())
  await uses.idle()
  expect(await stored()).toEqual({ revision: 2, uses: [[made.key.id, world.clock()]] })
})

it('a key is written once in five minutes, however often and wherever it is used', async () => {
  const [here, there] = [world.replica(), world.replica()]
  const made = await here.keys.create('acme', { scopes: ['tokens'] }, 'operate')
  const caller = callerOf(`Bearer ${textOf(made)}`)
  world.advance(1000)
  await there.authenticator.freshen()
  here.authenticator.identify(caller)
  await here.uses.idle()
  const { revision } = await stored()

  world.advance(5 * MINUTE - 1)
  here.authenticator.identify(caller)
  there.authenticator.identify(caller)
  await Promise.all([here.uses.idle(), there.uses.idle()])
  expect((await stored()).revision).toBe(revision)

  world.advance(1)
  here.authenticator.identify(caller)
  await here.uses.idle()
  expect((await stored()).revision).toBe(revision + 1)
})

it('a store that is away costs the note and nothing else', async () => {
  const faulty = createFaultyStore(world.store)
  const { uses } = world.replica(faulty.store)
  faulty.setDown(true)

  uses.note('key1')
  await uses.idle()

  expect(world.lines.join()).toContain('key_uses_not_stored')
  faulty.setDown(false)
  expect(await uses.read()).toEqual(new Map())
})
