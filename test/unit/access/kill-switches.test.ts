import { beforeEach, describe, expect, it } from '@jest/globals'
import { MAX_FREEZES, parseFreezeBook } from '../../../src/access/freeze-record.ts'
import { assertNotFrozen, type FreezePlace } from '../../../src/access/freezes.ts'
import { createKillSwitches } from '../../../src/access/kill-switches.ts'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { recordLog } from '../http/serve.ts'
import { createFaultyStore } from '../vault/support/faulty-store.ts'
import { codeOf } from '../vault/support/world.ts'

const WHY = { reason: 'a drill', by: 'operate' }
const SCOPE = { connectionId: 'conn_1', portalId: 'acme', programId: 'emm-eu' }

let now: number
let faulty: ReturnType<typeof createFaultyStore>
let logged: ReturnType<typeof recordLog>
let events: AuditEvent[]
let here: ReturnType<typeof replica>

function replica() {
  const audit = { note: (event: AuditEvent) => void events.push(event) }
  return createKillSwitches({ store: faulty.store, audit, clock: () => now, log: logged.log })
}

beforeEach(() => {
  now = 1_000_000
  events = []
  logged = recordLog()
  faulty = createFaultyStore(createMemoryStore({ clock: () => now }))
  here = replica()
})

const PLACES: readonly FreezePlace[] = [
  { target: 'connection', id: 'conn_1' },
  { target: 'portal', id: 'acme' },
  { target: 'program', id: 'emm-eu' },
  { target: 'everything' },
]

describe('a freeze', () => {
  it.each(PLACES)('of $target $id covers what is in it, and is lifted again', async (place) => {
    const elsewhere = { connectionId: 'conn_2', portalId: 'other', programId: 'emm-us' }

    const made = await here.freeze(place, WHY)

    expect(made).toEqual({ ...place, since: now, ...WHY })
    expect(here.find(SCOPE)).toEqual(made)
    expect(here.find(elsewhere) === null).toBe(place.target !== 'everything')
    expect(await here.list()).toEqual([made])
    expect(await here.unfreeze(place, 'operate')).toBe(true)
    expect(here.find(SCOPE)).toBeNull()
    expect(await here.unfreeze(place, 'operate')).toBe(false)
  })

  it.each([
    { target: 'connection', id: 'acme' },
    { target: 'portal', id: 'emm-eu' },
    { target: 'program', id: 'conn_1' },
  ] as const)('of $target $id is not one of another kind with that id', async (place) => {
    await here.freeze(place, WHY)

    expect(here.find(SCOPE)).toBeNull()
  })

  it('keeps its first reason, and the widest of several is told', async () => {
    const [connection, , program, everything] = PLACES
    for (const place of [connection, program, everything] as FreezePlace[]) {
      await here.freeze(place, WHY)
      expect((await here.freeze(place, { ...WHY, reason: 'later' })).reason).toBe('a drill')
    }

    expect(here.find(SCOPE)?.target).toBe('everything')
    await here.unfreeze({ target: 'everything' }, 'operate')
    expect(here.find(SCOPE)?.target).toBe('program')
  })

  it('is logged and recorded; its reason is not', async () => {
    await here.freeze({ target: 'portal', id: 'acme' }, WHY)
    await here.unfreeze({ target: 'portal', id: 'acme' }, 'operate')

    expect(events).toEqual([
      { event: 'frozen', portalId: 'acme', subject: 'portal' },
      { event: 'unfrozen', portalId: 'acme', subject: 'portal' },
    ])
    const told = logged.lines.map((line) => JSON.parse(line))
    expect(told).toMatchObject([
      { level: 'warn', event: 'frozen', operation: 'portal', portalId: 'acme', role: 'operate' },
      { level: 'warn', event: 'unfrozen', operation: 'portal', portalId: 'acme', role: 'operate' },
    ])
    expect(logged.lines.join()).not.toContain('a drill')
  })

  it('is durable: what replicas do not have is not acknowledged', async () => {
    faulty.failWrites(['not_durable', 'not_durable', 'not_durable', 'not_durable'])

    expect(await codeOf(here.freeze({ target: 'everything' }, WHY))).toBe('store_not_durable')
  })

  it('there is room for so many connections, and always for the wider ones', async () => {
    const freezes = Array.from({ length: MAX_FREEZES }, (_, i) => ({
      target: 'connection',
      id: `conn_${i}`,
      since: 1,
      ...WHY,
    }))
    const book = { format: 1, type: 'freezes', id: 'freezes', sequence: 1, freezes }
    const text = JSON.stringify(book)
    expect(parseFreezeBook(text).freezes).toHaveLength(MAX_FREEZES)
    await faulty.store.compareAndSet(documentKey('freezes'), 0, text, 'w1')

    const more = { target: 'connection', id: 'conn_more' } as const
    expect(await codeOf(here.freeze(more, WHY))).toBe('invalid_request')
    await here.freeze({ target: 'portal', id: 'acme' }, WHY)
  })
})

describe('what another process has frozen', () => {
  it('is no verdict after a second, until the store was asked', async () => {
    const there = replica()
    await there.freshen()
    await here.freeze({ target: 'everything' }, WHY)

    expect(there.allows(SCOPE)).toBe(true)
    now += 1000
    expect(there.allows(SCOPE)).toBe(false)
    expect(await codeOf(assertNotFrozen(there, SCOPE))).toBe('connection_frozen')
    await here.unfreeze({ target: 'everything' }, 'operate')
    now += 1000
    await assertNotFrozen(there, SCOPE)
    expect(there.allows(SCOPE)).toBe(true)
  })

  it('cannot be known while the store is away: nothing may leave then', async () => {
    await here.freshen()
    now += 1000
    faulty.setDown(true)

    expect(here.allows(SCOPE)).toBe(false)
    expect(await codeOf(assertNotFrozen(here, SCOPE))).toBe('store_unavailable')
    expect(await codeOf(here.list())).toBe('store_unavailable')
    expect(await codeOf(replica().start())).toBe('store_unavailable')
  })

  it('says what is frozen, and not why', async () => {
    await here.freeze({ target: 'program', id: 'emm-eu' }, WHY)

    await expect(assertNotFrozen(here, SCOPE)).rejects.toMatchObject({
      code: 'connection_frozen',
      extras: { detail: 'the operator has frozen the program' },
    })
  })
})
