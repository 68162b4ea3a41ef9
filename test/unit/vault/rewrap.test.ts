import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createEnvelope } from '../../../src/vault/envelope-keys.ts'
import { checkSentinel, readSentinel } from '../../../src/vault/envelope-sentinel.ts'
import { createKeyRing, type RingKey } from '../../../src/vault/key-ring.ts'
import { createRecordCheck } from '../../../src/vault/record-check.ts'
import { type RewrapDeps, rewrap } from '../../../src/vault/rewrap.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { kidOf } from '../../../src/vault/stored-keys.ts'
import { createFailoverStore } from './support/failover-store.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { codeOf, createWorld, type World } from './support/world.ts'

const NEW: RingKey = { kid: 'k2', key: new Secret(randomBytes(32).toString('base64')) }

let world: World
let between: ReturnType<typeof createFailoverStore>
let faulty: ReturnType<typeof createFaultyStore>
let old: RingKey

beforeEach(() => {
  world = createWorld({
    wrapStore: () => {
      between = createFailoverStore(() => world.clock())
      faulty = createFaultyStore(between.store)
      return faulty.store
    },
  })
  old = world.vaultKeys[0] ?? NEW
})

function run(keys: readonly RingKey[] = [NEW, old], changes: Partial<RewrapDeps> = {}) {
  const keyRing = createKeyRing(keys)
  const envelope = createEnvelope({ keyRing, cacheMs: 1, maxEntries: 1, clock: () => 0 })
  return rewrap({
    store: world.store,
    keyRing,
    check: createRecordCheck(envelope, keyRing.kids()).keyOf,
    perSecond: 10_000,
    durable: false,
    clock: world.clock,
    onProgress() {},
    onWait() {},
    ...changes,
  })
}

const connectMany = async (count: number) => {
  const made = Array.from({ length: count }, (_, n) => world.connect({ tenantRef: `tenant-${n}` }))
  return Promise.all(made)
}
const kidsOf = async (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => kidOf((await world.connectionOf(id)).dataKey)))
const stored = async (id: string) => (await world.store.read(documentKey(id))).document

describe('a run', () => {
  it('wraps every connection with the first key, and changes nothing else of it', async () => {
    const ids = await connectMany(3)
    const before = await Promise.all(ids.map(world.connectionOf))

    const { rewrapped, inventory } = await run()

    expect([rewrapped, inventory.outdated, inventory.unreadable]).toEqual([3, [], []])
    expect(await kidsOf(ids)).toEqual(['k2', 'k2', 'k2'])
    for (const connection of before) {
      const { dataKey, ...rest } = await world.connectionOf(connection.id)
      expect({ ...rest, dataKey: connection.dataKey }).toEqual(connection)
      const keyRing = createKeyRing([NEW, old])
      const [was, is] = [connection.dataKey, dataKey].map((one) =>
        keyRing.unwrap(one, connection.id),
      )
      expect(await is).toEqual(await was)
    }
  })

  it('keeps members that only a newer version knows, in their order', async () => {
    const [id = ''] = await connectMany(1)
    const document = await stored(id)
    const { format, ...rest } = JSON.parse(document?.text ?? '{}')
    const text = JSON.stringify({ format, added: { later: [1] }, ...rest })
    await world.store.compareAndSet(documentKey(id), document?.revision ?? 0, text, 'w-new')

    await run()

    const after = (await stored(id))?.text ?? ''
    expect(after.replace(/"dataKey":"[^"]+"/, '')).toBe(text.replace(/"dataKey":"[^"]+"/, ''))
    expect(kidOf(JSON.parse(after).dataKey)).toBe('k2')
  })

  it('writes nothing when all is done, and nothing about tombstones and sessions', async () => {
    const [id = '', gone = ''] = await connectMany(2)
    await world.connections.remove(gone, tombstoneOf)
    const { wrapped } = await world.envelope.create('cs_1')
    const session = JSON.stringify({ id: 'cs_1', dataKey: wrapped })
    await world.store.compareAndSet(documentKey('cs_1'), 0, session, 'w')
    await run()
    const writes = between.written()

    const { rewrapped } = await run()

    expect([rewrapped, between.written()]).toEqual([0, writes])
    expect(await kidsOf([id])).toEqual(['k2'])
    expect((await stored('cs_1'))?.text).toBe(session)
  })

  it('tells how far it is', async () => {
    await connectMany(3)
    const told: (readonly number[])[] = []

    await run([NEW, old], { onProgress: (...progress) => void told.push(progress) })

    expect(told).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ])
  })

  it('begins no more connections in a second than it may', async () => {
    await connectMany(6)
    const startedAt = performance.now()

    await run([NEW, old], { perSecond: 50 })

    expect(performance.now() - startedAt).toBeGreaterThan(5 * 20 - 5)
  })

  it('leaves what it cannot open as it is, names it, and does the rest', async () => {
    const [fine = '', lost = ''] = await connectMany(2)
    await world.connections.update(lost, (one) => ({ ...one, dataKey: 'v1.k0.aaaa.bbbb' }))
    const before = await stored(lost)

    const { rewrapped, inventory } = await run()

    expect(rewrapped).toBe(1)
    expect(await kidsOf([fine])).toEqual(['k2'])
    expect(inventory.unreadable).toEqual([{ id: lost, fault: { reason: 'unknown_key' } }])
    expect(await stored(lost)).toEqual(before)
  })
})

describe('a run that is killed', () => {
  const KILLED = new Error('killed')

  it.each([0, 1, 2, 3, 4])('after %d writes is finished by the next one', async (writes) => {
    const ids = await connectMany(4)
    let left = writes
    const store = {
      ...world.store,
      compareAndSet: async (...write: Parameters<typeof world.store.compareAndSet>) => {
        if (left === 0) throw KILLED
        left -= 1
        const result = await world.store.compareAndSet(...write)
        // The last one was applied, and the process was not there any more for the answer.
        if (left === 0) throw KILLED
        return result
      },
    }

    await expect(run([NEW, old], { store })).rejects.toBe(KILLED)
    const done = (await kidsOf(ids)).filter((kid) => kid === 'k2')
    const { rewrapped } = await run()

    expect(done).toHaveLength(writes)
    expect(rewrapped).toBe(4 - writes)
    expect(await kidsOf(ids)).toEqual(['k2', 'k2', 'k2', 'k2'])
  })
})

describe('beside others who write', () => {
  it('loses nothing of what was written between its reading and its writing', async () => {
    const [id = ''] = await connectMany(1)
    between.beforeNextWrite(async () => {
      await world.connections.update(id, (one) => ({ ...one, tenantName: 'Ada Ltd' }))
    })

    const { rewrapped } = await run()

    const { tenantName, dataKey } = await world.connectionOf(id)
    expect([rewrapped, tenantName, kidOf(dataKey)]).toEqual([1, 'Ada Ltd', 'k2'])
  })

  it('does not bring back what is deleted meanwhile', async () => {
    const [id = ''] = await connectMany(1)
    between.beforeNextWrite(async () => {
      await world.connections.remove(id, tombstoneOf)
    })

    const { rewrapped } = await run()

    expect(rewrapped).toBe(0)
    expect(JSON.parse((await stored(id))?.text ?? '{}')).toMatchObject({ type: 'tombstone' })
  })

  it('shares the work with another run', async () => {
    const ids = await connectMany(20)

    const results = await Promise.all([run(), run()])

    expect(results.reduce((sum, { rewrapped }) => sum + rewrapped, 0)).toBe(20)
    expect(new Set(await kidsOf(ids))).toEqual(new Set(['k2']))
  })

  it('does what comes with another key while it runs', async () => {
    await connectMany(1)
    let late = ''
    between.beforeNextWrite(async () => {
      late = await world.connect({ tenantRef: 'late' })
    })

    const { rewrapped } = await run()

    expect([rewrapped, ...(await kidsOf([late]))]).toEqual([2, 'k2'])
  })
})

describe('a store', () => {
  it('that is away for a moment is waited for', async () => {
    await connectMany(1)
    faulty.failWrites(['unavailable', 'applied_unanswered'])
    const waited: string[] = []

    const { rewrapped } = await run([NEW, old], { onWait: () => void waited.push('told') })

    expect([rewrapped, waited]).toEqual([1, ['told']])
  })

  it('whose replicas did not confirm a write is asked again, and the write counts', async () => {
    const [id = ''] = await connectMany(1)
    faulty.failWrites(Array.from({ length: 4 }, () => 'not_durable' as const))

    const { rewrapped } = await run([NEW, old], { durable: true })

    const [first, ...again] = between.sent.filter(({ text }) => text.includes('"v1.k2.'))
    expect(rewrapped).toBe(1)
    // Sent four times without success, and once more after the pause, under the same write id.
    expect(again.map(({ writeId }) => writeId)).toEqual(Array(4).fill(first?.writeId))
    expect(await kidsOf([id])).toEqual(['k2'])
  })

  it('that stays away ends the run', async () => {
    await connectMany(1)
    faulty.setDown(true)
    let now = 0
    const clock = () => {
      now += 30_000
      return now
    }

    expect(await codeOf(run([NEW, old], { clock }))).toBe('store_unavailable')
  })
})

describe('the old key', () => {
  const start = (keys: readonly RingKey[]) => checkSentinel(world.store, createKeyRing(keys))
  const kids = async () => (await readSentinel(world.store, createKeyRing([NEW]))).kids

  beforeEach(async () => {
    await start([old])
    await start([NEW, old])
  })

  it('is released when no record needs it: a process may start without it, and not with it alone', async () => {
    await connectMany(2)

    expect((await run()).released).toEqual(['k1'])

    expect(await kids()).toEqual(['k2'])
    expect(await start([NEW])).toBe('ok')
    expect(await start([old])).toBe('mismatch')
  })

  it('is kept while a session or an unreadable record needs it', async () => {
    const { wrapped } = await world.envelope.create('cs_1')
    const session = JSON.stringify({ id: 'cs_1', dataKey: wrapped })
    await world.store.compareAndSet(documentKey('cs_1'), 0, session, 'w', { expiresInMs: 1000 })

    expect((await run()).released).toEqual([])
    expect(await kids()).toEqual(['k1', 'k2'])

    await world.store.compareAndSet(documentKey('cs_1'), 1, '{}', 'w2')
    const [id = ''] = await connectMany(1)
    await world.connections.update(id, (one) => ({ ...one, dataKey: 'v1.k1.aaaa.bbbb' }))
    expect((await run()).released).toEqual([])
    expect(await kids()).toEqual(['k1', 'k2'])
  })
})
