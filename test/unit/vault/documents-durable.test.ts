import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { createDocuments } from '../../../src/vault/documents.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createFailoverStore } from './support/failover-store.ts'
import { createFaultyStore, type WriteFault } from './support/faulty-store.ts'
import { codeOf } from './support/world.ts'

interface Counter {
  readonly count: number
  readonly by?: string
}

const DURABLE = { durable: true } as const
const CONFIRM = { durable: true, confirm: true } as const

async function setUp() {
  const failover = createFailoverStore(() => 1000)
  const faulty = createFaultyStore(failover.store)
  const make = (store = faulty.store) =>
    createDocuments<Counter>({
      store,
      parse: (text) => JSON.parse(text),
      lifetimeMs: () => undefined,
    })
  const documents = make()
  await documents.create('one', { count: 1 })
  const other = make(failover.store)
  const stored = async () => (await failover.store.read(documentKey('one'))).document
  failover.sent.length = 0
  /** Write ids in the order in which they were sent, by `documents` and whoever else. */
  const ids = () => failover.sent.map(({ writeId }) => writeId)
  return { documents, other, stored, ids, ...failover, ...faulty }
}

const increment = ({ count }: Counter) => ({ count: count + 1 })

afterEach(() => {
  jest.restoreAllMocks()
})

describe('a durable write', () => {
  it.each([1, 2, 3])(
    'is sent again under the same id until replicas have it (%d)',
    async (times) => {
      const { documents, stored, ids, failWrites } = await setUp()
      failWrites(Array(times).fill('not_durable'))

      expect((await documents.update('one', increment, DURABLE))?.outcome).toBe('written')

      expect(ids()).toHaveLength(times + 1)
      expect(new Set(ids()).size).toBe(1)
      expect(await stored()).toMatchObject({ revision: 2, text: '{"count":2}' })
    },
  )

  it('is sent four times and no more', async () => {
    const { documents, ids, failWrites } = await setUp()
    failWrites(Array(5).fill('not_durable'))

    expect(await codeOf(documents.update('one', increment, DURABLE))).toBe('store_not_durable')
    expect(ids()).toHaveLength(4)
  })

  it.each([
    [999, 2, 'resolved'],
    [1000, 1, 'store_not_durable'],
  ])('is sent again after %d ms: %d sendings', async (tookMs, sendings, code) => {
    const { documents, ids, failWrites } = await setUp()
    failWrites(['not_durable'])
    jest
      .spyOn(performance, 'now')
      .mockReturnValueOnce(5000)
      .mockReturnValue(5000 + tookMs)

    expect(await codeOf(documents.update('one', increment, DURABLE))).toBe(code)
    expect(ids()).toHaveLength(sendings)
  })

  it.each<[string, readonly WriteFault[], string]>([
    ['is known to be on too few replicas', ['unanswered', 'not_durable'], 'store_not_durable'],
    ['may not be there', ['not_durable', 'applied_unanswered'], 'store_unavailable'],
  ])('says in the end what is known: it %s', async (_, [first, last], code) => {
    const { documents, failWrites } = await setUp()
    failWrites([first, first, first, last] as WriteFault[])

    expect(await codeOf(documents.update('one', increment, DURABLE))).toBe(code)
  })

  it('that lost a race is decided anew and sent under another id', async () => {
    const { documents, other, stored, ids, beforeNextWrite } = await setUp()
    beforeNextWrite(async () => void (await other.update('one', () => ({ count: 7 }))))

    await documents.update('one', increment, DURABLE)

    const [, lost, won, ...more] = ids()
    expect([more, lost === won]).toEqual([[], false])
    expect((await stored())?.text).toBe('{"count":8}')
  })

  it('that is not asked to be durable is not sent again for that', async () => {
    const { documents, ids, failWrites } = await setUp()
    failWrites(['not_durable'])

    await documents.update('one', increment)

    expect(ids()).toHaveLength(1)
  })
})

describe('a change that finds its work done', () => {
  const done = () => null

  /** A write that is applied and on no replica, as its caller knows. */
  async function unreplicated() {
    const world = await setUp()
    world.failWrites(Array(4).fill('not_durable'))
    await codeOf(world.documents.update('one', increment, DURABLE))
    world.sent.length = 0
    return world
  }

  it.each([1, 2, 3])('waits until replicas have it (%d), and changes nothing', async (times) => {
    const { documents, stored, ids, failWrites } = await unreplicated()
    const before = await stored()
    failWrites(Array(times).fill('not_durable'))

    const updated = await documents.update('one', done, CONFIRM)

    expect(updated).toMatchObject({ outcome: 'unchanged', snapshot: { record: { count: 2 } } })
    expect(ids()).toEqual(Array(times + 1).fill(before?.version))
    expect(await stored()).toEqual(before)
  })

  it('says so when they do not get it', async () => {
    const { documents, failWrites } = await unreplicated()
    failWrites(Array(4).fill('not_durable'))

    expect(await codeOf(documents.update('one', done, CONFIRM))).toBe('store_not_durable')
  })

  it.each([{}, DURABLE, { confirm: true }])('does not wait when asked for %j', async (options) => {
    const { documents, ids } = await unreplicated()

    expect((await documents.update('one', done, options))?.outcome).toBe('unchanged')
    expect(ids()).toEqual([])
  })

  it('is asked again when a failover has taken its work back', async () => {
    const { documents, stored, written, failOver, beforeNextWrite } = await setUp()
    const before = written()
    await documents.update('one', increment)
    beforeNextWrite(() => failOver(before))
    const once = ({ count }: Counter) => (count < 2 ? { count: 2 } : null)

    expect((await documents.update('one', once, CONFIRM))?.outcome).toBe('written')
    expect((await stored())?.text).toBe('{"count":2}')
  })

  it('never puts its work over what others wrote after a failover', async () => {
    const { documents, other, stored, written, failOver, beforeNextWrite } = await setUp()
    const before = written()
    await documents.update('one', increment)
    beforeNextWrite(async () => {
      await failOver(before)
      await other.update('one', () => ({ count: 100, by: 'other' }))
    })
    const seen: number[] = []
    const look = ({ count }: Counter) => {
      seen.push(count)
      return null
    }

    const updated = await documents.update('one', look, CONFIRM)

    expect(seen).toEqual([2, 100])
    expect(updated).toMatchObject({ outcome: 'unchanged', snapshot: { record: { by: 'other' } } })
    expect(await stored()).toMatchObject({ revision: 2, text: '{"count":100,"by":"other"}' })
  })

  it('is nothing where a failover has taken the document itself', async () => {
    const { documents, stored, failOver, beforeNextWrite } = await setUp()
    beforeNextWrite(() => failOver(0))

    expect(await documents.update('one', done, CONFIRM)).toBeNull()
    expect(await stored()).toBeNull()
  })
})

describe('after a failover', () => {
  it('a write does not replace what it never saw, though its revision is the same', async () => {
    const { documents, other, stored, written, failOver, beforeNextWrite } = await setUp()
    const before = written()
    await documents.update('one', increment)
    beforeNextWrite(async () => {
      await failOver(before)
      await other.update('one', ({ count }) => ({ count: count + 10, by: 'other' }))
    })

    await documents.update('one', (record) => ({ ...record, count: record.count + 1 }))

    expect(await stored()).toMatchObject({ revision: 3, text: '{"count":12,"by":"other"}' })
  })

  it('a write that the new server lacks is sent to it once more', async () => {
    const { documents, stored, written, failOver, failWrites, sent } = await setUp()
    failWrites(['applied_unanswered'])
    const before = written()
    const updating = documents.update('one', increment, DURABLE)
    while (sent.length === 0) await new Promise(setImmediate)
    await failOver(before)

    expect((await updating)?.outcome).toBe('written')
    expect(await stored()).toMatchObject({ revision: 2, text: '{"count":2}' })
  })

  it('a document is created on the new server that the old one took with it', async () => {
    const { documents, other, written, failOver, failWrites, sent } = await setUp()
    failWrites(['applied_unanswered'])
    const before = written()
    const creating = documents.create('two', { count: 1 }, DURABLE)
    while (sent.length === 0) await new Promise(setImmediate)
    await failOver(before)

    expect(await creating).toBe(true)
    expect((await other.read('two'))?.record).toEqual({ count: 1 })
  })
})
