import { describe, expect, it } from '@jest/globals'
import { countKeys, identityOf, judge, slotsByPlace } from '../../../src/vault/redis-primaries.ts'

const info = (fields: Readonly<Record<string, string>>): string =>
  Object.entries({ run_id: 'run-1', role: 'master', master_replid: 'history-1', ...fields })
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')

const who = (fields: Readonly<Record<string, string>> = {}) => identityOf(info(fields), 0)

/** What is known after a first look at the server of `info()`. */
const first = judge(undefined, who(), '', 0).known

describe('a server', () => {
  it('is the same primary as long as process and history are', () => {
    expect(judge(first, who({ db0: 'keys=3,expires=1,avg_ttl=0' }), '', 7)).toEqual({
      known: { who: 'run-1 history-1 ', keys: 3 },
      changed: false,
      demoted: false,
    })
  })

  it.each([
    ['was started again', who({ run_id: 'run-2' }), ''],
    ['took over again, with a history of its own', who({ master_replid: 'history-2' }), ''],
    ['decides about other slots', who(), '0-99 '],
  ])('is another one when it %s', (_, identity, slots) => {
    expect(judge(first, identity, slots, 0).changed).toBe(true)
  })

  it('is another one when it was a replica meanwhile, whatever it says of its history', () => {
    const replica = judge(first, who({ role: 'slave' }), '', 0)

    expect(replica).toEqual({ known: { who: '' }, changed: false, demoted: true })
    expect(judge(replica.known, who({ role: 'slave' }), '', 0).demoted).toBe(false)
    expect(judge(replica.known, who(), '', 0).changed).toBe(true)
  })

  it('that was a replica from the first look on was not demoted', () => {
    expect(judge(undefined, who({ role: 'slave' }), '', 0).demoted).toBe(false)
  })

  it.each([
    ['refuses to answer', null],
    ['says neither process nor history', 'role:master\r\n'],
    ['says nothing', ''],
  ])('that %s may be another one after every connection, and not before', (_, answer) => {
    const unknown = identityOf(answer, 0)
    const { known, changed } = judge(undefined, unknown, '', 1)

    expect(changed).toBe(true)
    expect(judge(known, unknown, '', 1).changed).toBe(false)
    expect(judge(known, unknown, '', 2).changed).toBe(true)
  })

  it('has the keys of the database that is asked for', () => {
    const answer = info({ db0: 'keys=3,expires=0', db2: 'keys=12,expires=0' })

    expect([0, 1, 2].map((db) => identityOf(answer, db))).toMatchObject([
      { keys: 3 },
      { keys: 0 },
      { keys: 12 },
    ])
  })
})

describe('keys of all servers', () => {
  it.each([
    [
      'are added up',
      [
        { who: 'a', keys: 2 },
        { who: 'b', keys: 3 },
      ],
      5,
    ],
    ['are not known while one is a replica', [{ who: 'a', keys: 2 }, { who: '' }], null],
    ['are not known while one has not answered', [{ who: 'a', keys: 2 }, undefined], null],
  ])('%s', (_, known, sum) => {
    expect(countKeys(known)).toBe(sum)
  })
})

describe('slots', () => {
  const owned = (...ranges: readonly (readonly [string, number, number])[]) => {
    const slots: string[][] = []
    for (const [place, from, to] of ranges)
      for (let slot = from; slot <= to; slot += 1) slots[slot] = [place, 'replica:1']
    return slots
  }

  it('are told by the server that decides about them, in ranges', () => {
    const slots = owned(['a:1', 0, 5460], ['b:1', 5461, 16_383])

    expect([...slotsByPlace(slots)]).toEqual([
      ['a:1', '0-5460 '],
      ['b:1', '5461-16383 '],
    ])
  })

  it('may be scattered, single, or nobody’s', () => {
    const slots = owned(['a:1', 0, 9], ['b:1', 10, 10], ['a:1', 11, 11], ['b:1', 16_383, 16_383])

    expect([...slotsByPlace(slots)]).toEqual([
      ['a:1', '0-9 11-11 '],
      ['b:1', '10-10 16383-16383 '],
    ])
  })

  it('are none while the client knows none', () => {
    expect([...slotsByPlace([])]).toEqual([])
  })
})
