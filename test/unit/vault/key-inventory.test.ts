import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { newAttemptId } from '../../../src/shared/ids.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createEnvelope } from '../../../src/vault/envelope-keys.ts'
import { type KeyUse, takeKeyInventory } from '../../../src/vault/key-inventory.ts'
import { createKeyRing, type RingKey } from '../../../src/vault/key-ring.ts'
import { createRecordCheck } from '../../../src/vault/record-check.ts'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { createWorld, PORTAL, type World } from './support/world.ts'

const NEW: RingKey = { kid: 'k2', key: new Secret(randomBytes(32).toString('base64')) }

let world: World
let old: RingKey
beforeEach(() => {
  world = createWorld()
  old = world.vaultKeys[0] ?? NEW
})

function take(
  keys: readonly RingKey[],
  { store = world.store, alsoKids }: { store?: Store; alsoKids?: readonly string[] } = {},
) {
  const keyRing = createKeyRing(keys)
  const envelope = createEnvelope({ keyRing, cacheMs: 1, maxEntries: 1, clock: () => 0 })
  const check = createRecordCheck(envelope, keyRing.kids()).keyOf
  return takeKeyInventory({ store, keyRing, check, ...(alsoKids && { alsoKids }) })
}

const put = (id: string, record: object | string) =>
  world.store.compareAndSet(
    documentKey(id),
    0,
    typeof record === 'string' ? record : JSON.stringify(record),
    newAttemptId(),
  )
const brief = ({ kid, isActive, isInRing, needs, isSafeToDrop }: KeyUse) =>
  [kid, isActive, isInRing, Object.values(needs), isSafeToDrop] as const

describe('the count of what needs a key', () => {
  it('tells connections, sessions and the rest apart, and that a needed key is not safe to drop', async () => {
    for (const tenantRef of ['one', 'two', 'three']) await world.connect({ tenantRef })
    for (const id of ['cs_1', 'cs_2', 'cb_1'])
      await put(id, { id, dataKey: (await world.envelope.create(id)).wrapped })
    await put('cs_3', { id: 'cs_3' })
    await put('prog_emm-eu', { any: 'thing' })

    const { keys, records, unreadable } = await take([NEW, old])

    expect(keys.map(brief)).toEqual([
      ['k2', true, true, [0, 0, 0], false],
      ['k1', false, true, [3, 2, 1], false],
    ])
    expect([records, unreadable]).toEqual([8, []])
  })

  it('says that a key is safe to drop when nothing needs it and it does not wrap', async () => {
    const { keys } = await take([NEW, old])

    expect(keys.map(({ kid, isSafeToDrop }) => [kid, isSafeToDrop])).toEqual([
      ['k2', false],
      ['k1', true],
    ])
  })

  it('does not count what was deleted', async () => {
    const id = await world.connect()
    await world.connections.remove(id, tombstoneOf)

    const { keys } = await take([NEW, old])

    expect(keys[1]).toMatchObject({ kid: 'k1', needs: { connection: 0 }, isSafeToDrop: true })
  })

  it('counts once what is told twice, and not what has ended meanwhile', async () => {
    const id = await world.connect()
    async function* documentIds() {
      yield [id, id]
      yield [id, 'cs_gone']
    }

    const { keys, records } = await take([old], { store: { ...world.store, documentIds } })

    expect([records, keys[0]?.needs.connection]).toEqual([1, 1])
  })

  it('lists keys that the ring lacks: those that records need, and those that are asked for', async () => {
    await world.connect()

    const { keys } = await take([NEW], { alsoKids: ['k0', 'k2'] })

    expect(keys.map(brief)).toEqual([
      ['k2', true, true, [0, 0, 0], false],
      ['k0', false, false, [0, 0, 0], true],
      ['k1', false, false, [1, 0, 0], false],
    ])
  })
})

describe('the list of connections', () => {
  it('that are to be wrapped again has those on another key, whether or not an index has them', async () => {
    const [first, second] = [await world.connect(), await world.connect({ tenantRef: 'two' })]
    await world.directory.removeFromList(PORTAL, first)

    expect([...(await take([NEW, old])).outdated].toSorted()).toEqual([first, second].toSorted())
    expect((await take([old, NEW])).outdated).toEqual([])
  })

  it('that cannot be opened has their reasons, and they are not to be wrapped again', async () => {
    const id = await world.connect()
    await put('conn_broken', '{')
    const other = { ...old, key: NEW.key }

    const unknown = await take([NEW])
    const wrong = await take([NEW, other])

    expect(unknown.unreadable).toEqual([
      { id, fault: { reason: 'unknown_key' } },
      { id: 'conn_broken', fault: { reason: 'damaged' } },
    ])
    expect(wrong.unreadable[0]).toEqual({ id, fault: { reason: 'wrong_key' } })
    expect([...unknown.outdated, ...wrong.outdated]).toEqual([])
  })

  it('does not hide the need of a record that is damaged elsewhere', async () => {
    await put('conn_damaged', { dataKey: 'v1.k1.a.b' })

    const { keys, unreadable } = await take([NEW, old])

    expect(unreadable).toEqual([{ id: 'conn_damaged', fault: { reason: 'damaged' } }])
    expect(keys[1]).toMatchObject({ kid: 'k1', isSafeToDrop: false })
  })
})
