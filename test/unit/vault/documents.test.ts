import { describe, expect, it } from '@jest/globals'
import { createDocuments } from '../../../src/vault/documents.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { createFaultyStore, type WriteFault } from './support/faulty-store.ts'
import { codeOf } from './support/world.ts'

interface Counter {
  readonly count: number
  readonly short?: boolean
}

function setUp() {
  let now = 1000
  const memory = createMemoryStore({ clock: () => now })
  const faulty = createFaultyStore(memory)
  const make = () =>
    createDocuments<Counter>({
      store: faulty.store,
      parse: (text) => JSON.parse(text),
      lifetimeMs: (record) => (record.short === true ? 100 : undefined),
    })
  const advance = (ms: number) => {
    now += ms
  }
  const stored = async () => (await memory.read(documentKey('one'))).document
  return { documents: make(), other: make(), memory, advance, stored, ...faulty }
}

const increment = ({ count }: Counter) => ({ count: count + 1 })

describe('create', () => {
  it('stores what is not there yet, and says so when it is', async () => {
    const { documents, stored } = setUp()

    expect(await documents.create('one', { count: 1 })).toBe(true)
    expect(await documents.create('one', { count: 2 })).toBe(false)
    expect((await stored())?.text).toBe('{"count":1}')
  })

  it('reports a document that is on too few replicas, if that was asked for', async () => {
    const { documents, failWrites } = setUp()
    failWrites(Array(5).fill('not_durable'))

    expect(await documents.create('one', { count: 1 })).toBe(true)
    expect(await codeOf(documents.create('two', { count: 1 }, { durable: true }))).toBe(
      'store_not_durable',
    )
  })

  it('knows its own write again when the answer was lost', async () => {
    const { documents, stored, failWrites } = setUp()
    failWrites(['applied_unanswered', 'applied_unanswered'])

    expect(await documents.create('one', { count: 1 })).toBe(true)
    expect(await stored()).toMatchObject({ revision: 1, text: '{"count":1}' })
  })
})

describe('read', () => {
  it('gives the record, its revision and version, and the store’s time', async () => {
    const { documents, stored } = setUp()
    await documents.create('one', { count: 1 })

    const snapshot = await documents.read('one')

    expect(snapshot).toMatchObject({ record: { count: 1 }, revision: 1, serverNow: 1000 })
    expect(snapshot?.version).toBe((await stored())?.version)
    expect(await documents.version('one')).toBe(snapshot?.version)
  })

  it('says null for what is not there, and never for a store that is away', async () => {
    const { documents, setDown } = setUp()

    expect(await documents.read('one')).toBeNull()
    expect(await documents.version('one')).toBeNull()
    setDown(true)
    expect(await codeOf(documents.read('one'))).toBe('store_unavailable')
    expect(await codeOf(documents.version('one'))).toBe('store_unavailable')
    expect(await codeOf(documents.update('one', increment))).toBe('store_unavailable')
    expect(await codeOf(documents.create('one', { count: 1 }))).toBe('store_unavailable')
  })
})

describe('update', () => {
  it('says null for what is not there, and creates nothing', async () => {
    const { documents, stored } = setUp()

    expect(await documents.update('one', increment)).toBeNull()
    expect(await stored()).toBeNull()
  })

  it('gives back what is stored then', async () => {
    const { documents } = setUp()
    await documents.create('one', { count: 1 })

    const updated = await documents.update('one', increment)

    expect(updated).toEqual({ outcome: 'written', snapshot: await documents.read('one') })
  })

  it('writes nothing when the change says so', async () => {
    const { documents, stored } = setUp()
    await documents.create('one', { count: 1 })

    const updated = await documents.update('one', () => null)

    expect(updated).toEqual({ outcome: 'unchanged', snapshot: await documents.read('one') })
    expect((await stored())?.revision).toBe(1)
  })

  it('loses no change of 40 writers in two processes', async () => {
    const { documents, other } = setUp()
    await documents.create('one', { count: 0 })

    await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? documents : other).update('one', increment)),
    )

    expect((await documents.read('one'))?.record.count).toBe(40)
  })

  it('asks the change again with what the winner of a race wrote', async () => {
    const { documents, other } = setUp()
    await documents.create('one', { count: 0 })
    const seen: number[] = []
    let raced: Promise<unknown> = Promise.resolve()

    await documents.update('one', (record) => {
      if (seen.length === 0) raced = other.update('one', () => ({ count: 7 }))
      seen.push(record.count)
      return increment(record)
    })
    await raced

    expect(seen[0]).toBe(0)
    expect((await documents.read('one'))?.record.count).toBeGreaterThanOrEqual(7)
  })

  it.each<[WriteFault, number]>([
    ['applied_unanswered', 1],
    ['applied_unanswered', 3],
    ['unanswered', 1],
    ['unanswered', 3],
  ])('applies a change once though %s comes %d times', async (fault, times) => {
    const { documents, stored, failWrites } = setUp()
    await documents.create('one', { count: 1 })
    failWrites(Array(times).fill(fault))

    expect((await documents.update('one', increment))?.outcome).toBe('written')
    expect(await stored()).toMatchObject({ revision: 2, text: '{"count":2}' })
  })

  it('does not claim an outcome that it does not know', async () => {
    const { documents, failWrites } = setUp()
    await documents.create('one', { count: 1 })
    failWrites(Array(4).fill('applied_unanswered'))

    expect(await codeOf(documents.update('one', increment))).toBe('store_unavailable')
    expect((await documents.read('one'))?.record.count).toBe(2)
  })

  it('reports a write that is on too few replicas, if that was asked for', async () => {
    const { documents, failWrites } = setUp()
    await documents.create('one', { count: 1 })
    failWrites(Array(5).fill('not_durable'))

    expect((await documents.update('one', increment))?.outcome).toBe('written')
    expect(await codeOf(documents.update('one', increment, { durable: true }))).toBe(
      'store_not_durable',
    )
  })
})

describe('the life of a document', () => {
  it('is set anew by every write', async () => {
    const { documents, advance } = setUp()
    await documents.create('one', { count: 1, short: true })
    advance(99)
    await documents.update('one', (record) => ({ ...record, count: 2 }))
    advance(99)
    expect((await documents.read('one'))?.record.count).toBe(2)

    advance(1)

    expect(await documents.read('one')).toBeNull()
  })

  it('has no end for a record that is to stay', async () => {
    const { documents, advance } = setUp()
    await documents.create('one', { count: 1, short: true })
    await documents.update('one', () => ({ count: 2 }))

    advance(1e12)

    expect((await documents.read('one'))?.record.count).toBe(2)
  })
})
