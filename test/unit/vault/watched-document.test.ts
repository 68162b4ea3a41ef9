import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ServiceError } from '../../../src/shared/errors.ts'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { createWatchedDocument, type WatchedDocument } from '../../../src/vault/watched-document.ts'
import { eventually } from '../../support/eventually.ts'
import { recordLog } from '../http/serve.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { codeOf } from './support/world.ts'

interface Names {
  readonly id: string
  readonly sequence: number
  readonly names: readonly string[]
}

const EMPTY: Names = { id: 'names', sequence: 0, names: [] }
const KEY = documentKey('names')

let memory: Store
let asked: number
let faulty: ReturnType<typeof createFaultyStore>
let logged: ReturnType<typeof recordLog>
let now: number
const started: WatchedDocument<Names>[] = []

beforeEach(() => {
  now = 1_000_000
  asked = 0
  logged = recordLog()
  memory = createMemoryStore({ clock: () => now })
  faulty = createFaultyStore({
    ...memory,
    async version(key) {
      asked += 1
      return memory.version(key)
    },
  })
})
afterEach(() => {
  for (const one of started.splice(0)) one.stop()
})

function parse(text: string): Names {
  const value = JSON.parse(text)
  if (!Array.isArray(value.names)) throw new ServiceError('record_unreadable')
  return value
}

/** The watch of one process. */
function watched(store: Store = faulty.store): WatchedDocument<Names> {
  const deps = { store, empty: EMPTY, parse, clock: () => now, log: logged.log }
  const made = createWatchedDocument<Names>(deps)
  started.push(made)
  return made
}

const add = (name: string) => (one: Names) =>
  one.names.includes(name) ? null : { ...one, names: [...one.names, name] }

describe('a change', () => {
  it('is known at once where it was made, and elsewhere when it is asked for', async () => {
    const [here, there] = [watched(), watched()]
    await here.start()
    await there.start()

    const record = await here.change(add('a'))

    expect(record).toEqual({ ...EMPTY, sequence: 1, names: ['a'] })
    expect(here.current()).toBe(record)
    expect(there.current().names).toEqual([])
    expect(await there.freshen(0)).toBe(true)
    expect(there.current()).toEqual(record)
  })

  it('is learnt within a second by a process that nobody asks', async () => {
    const [here, there] = [watched(), watched()]
    await there.start()
    const startedAt = performance.now()

    await here.change(add('a'))
    await eventually(() => there.current().names.length === 1)

    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  it('that changes nothing writes nothing', async () => {
    const one = watched()
    await one.change(add('a'))
    const version = await memory.version(KEY)

    expect((await one.change(add('a'))).sequence).toBe(1)
    expect(await memory.version(KEY)).toBe(version)
  })

  it('goes together with others of the same moment', async () => {
    const processes = [watched(), watched(), watched()]

    await Promise.all(processes.map((one, at) => one.change(add(`name-${at}`))))

    await processes[0]?.freshen(0)
    expect(processes[0]?.current().sequence).toBe(3)
    expect([...(processes[0]?.current().names ?? [])].sort()).toEqual([
      'name-0',
      'name-1',
      'name-2',
    ])
  })

  it('that cannot be stored is thrown, and not believed', async () => {
    const one = watched()
    await one.start()
    faulty.setDown(true)

    expect(await codeOf(one.change(add('a')))).toBe('store_unavailable')
    expect(one.current().names).toEqual([])
  })
})

describe('what is known', () => {
  it('stays while the store is away, and is not fresh then', async () => {
    const one = watched()
    await one.change(add('a'))
    faulty.setDown(true)
    now += 1000

    expect(await one.freshen(1000)).toBe(false)
    expect(one.isFresh(1000)).toBe(false)
    expect(one.current().names).toEqual(['a'])
    faulty.setDown(false)
    expect(await one.freshen(1000)).toBe(true)
    expect(one.isFresh(1000)).toBe(true)
  })

  it('is fresh for as long as was asked, and no more when the clock was set back', async () => {
    const one = watched()
    await one.freshen(0)

    now += 999
    expect(one.isFresh(1000)).toBe(true)
    now += 1
    expect(one.isFresh(1000)).toBe(false)
    now -= 1001
    expect(one.isFresh(1000)).toBe(false)
  })

  it('costs one question, however many ask at once, and none while it is fresh', async () => {
    const one = watched()

    await Promise.all(Array.from({ length: 50 }, () => one.freshen(1000)))
    await one.freshen(1000)

    expect(asked).toBe(1)
  })

  it('is the same object as long as nothing changes', async () => {
    const one = watched()
    await one.change(add('a'))
    const before = one.current()
    now += 5000
    await one.freshen(1000)

    expect(one.current()).toBe(before)
  })

  it('is not replaced by an older answer that comes late', async () => {
    const [arrived, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let isSlow = true
    const slow: Store = {
      ...memory,
      async read(key) {
        const answer = await memory.read(key)
        if (!isSlow) return answer
        isSlow = false
        arrived.resolve()
        await held.promise
        return answer
      },
    }
    const [one, other] = [watched(slow), watched()]
    await other.change(add('a'))
    const late = one.freshen(0)
    await arrived.promise
    await one.change(add('b'))
    held.resolve()

    expect(await late).toBe(true)
    expect(one.current().names).toEqual(['a', 'b'])
  })
})

describe('a start', () => {
  it('fails when the store does not answer', async () => {
    faulty.setDown(true)

    expect(await codeOf(watched().start())).toBe('store_unavailable')
  })

  it('fails when what is stored cannot be read', async () => {
    await memory.compareAndSet(KEY, 0, '{"id":"names"}', 'w1')

    expect(await codeOf(watched().start())).toBe('record_unreadable')
  })

  it('later, damage is told once, and what is known stays', async () => {
    const one = watched()
    await one.change(add('a'))
    const { document } = await memory.read(KEY)
    await memory.compareAndSet(KEY, document?.revision ?? 0, '{"id":"names"}', 'w9')

    for (let i = 0; i < 3; i++) expect(await one.freshen(0)).toBe(false)

    expect(one.current().names).toEqual(['a'])
    const told = logged.lines.filter((line) => line.includes('shared_document_unreadable'))
    expect(told).toHaveLength(1)
  })
})

describe('a store that has lost changes', () => {
  /** As a failover or a restart would: the document as it was, or none. */
  async function rollBack(to: Names | null): Promise<Store> {
    const older = createMemoryStore({ clock: () => now })
    if (to !== null) await older.compareAndSet(KEY, 0, JSON.stringify(to), 'older')
    return older
  }

  function switching() {
    let behind: Store = memory
    const store = new Proxy(memory, {
      get: (_, name) => Reflect.get(behind, name),
    })
    return {
      store,
      put(next: Store) {
        behind = next
      },
    }
  }

  it.each([
    ['an older version of the document', { ...EMPTY, sequence: 1, names: ['a'] }],
    ['nothing', null],
  ])('is given back what is known: %s was left', async (_, left) => {
    const line = switching()
    const one = watched(line.store)
    await one.change(add('a'))
    await one.change(add('b'))
    const older = await rollBack(left)
    line.put(older)

    expect(await one.freshen(0)).toBe(true)

    expect(one.current()).toEqual({ ...EMPTY, sequence: 2, names: ['a', 'b'] })
    expect(JSON.parse((await older.read(KEY)).document?.text ?? '')).toEqual(one.current())
    expect(await logged.event('shared_document_restored')).toMatchObject({ level: 'warn' })
  })

  it('a change there builds on what is known', async () => {
    const line = switching()
    const one = watched(line.store)
    await one.change(add('a'))
    await one.change(add('b'))
    line.put(await rollBack({ ...EMPTY, sequence: 1, names: ['a'] }))

    expect((await one.change(add('c'))).names).toEqual(['a', 'b', 'c'])
  })

  it('a newer version is taken, and not put back', async () => {
    const line = switching()
    const one = watched(line.store)
    await one.change(add('a'))
    line.put(await rollBack({ ...EMPTY, sequence: 7, names: ['z'] }))

    await one.freshen(0)

    expect(one.current().names).toEqual(['z'])
  })
})
