import { beforeEach, describe, expect, it } from '@jest/globals'
import { alarmIn, parseProgramRecord } from '../../../src/breaker/breaker-record.ts'
import { nextProbeAt } from '../../../src/breaker/breaker-transitions.ts'
import { aHeldStory, aStory, POLICY, type Story, T0, WRONG_SECRET } from './support/program.ts'

const ids = (count: number) => Array.from({ length: count }, (_, i) => `conn-${i}`)
const failed = (story: Story) => story.state().failures.map(({ connectionId }) => connectionId)
const contradicted = (story: Story) =>
  story.state().contradicted.map(({ connectionId }) => connectionId)

let story: Story

beforeEach(() => {
  story = aStory()
})

describe('refusals of our credentials', () => {
  it.each([1, 2, 3, 20])('hold a program when %d connections had them, and not one fewer', (n) => {
    story = aStory({ ...POLICY, threshold: n })

    for (const id of ids(n - 1)) story.refused(id)
    expect(story.state().alarm).toBeUndefined()
    story.refused('last')

    expect(story.state().alarm).toEqual({
      upstream: WRONG_SECRET,
      since: T0,
      raisedBy: 'p1',
      probedAt: T0,
    })
  })

  it('of one connection count once, however often it was refused', () => {
    for (let i = 0; i < 10; i++) story.refused('a', T0 + i)

    expect(story.state().alarm).toBeUndefined()
    expect(story.state().failures).toEqual([{ connectionId: 'a', code: 'AUT_1702', at: T0 + 9 }])
  })

  it.each([
    [59_999, true],
    [60_000, false],
  ])('hold a program when the first was %d ms ago: %j', (ageMs, holds) => {
    story.refused('a', T0)
    story.refused('b', T0 + 1)
    story.refused('c', T0 + ageMs)

    expect(story.state().alarm !== undefined).toBe(holds)
  })

  it('count by the newest of each connection', () => {
    story.refused('a', T0)
    story.refused('b', T0)
    story.refused('a', T0 + 50_000)
    story.refused('b', T0 + 50_000)
    story.refused('c', T0 + 109_999)

    expect(story.state().alarm?.since).toBe(T0 + 109_999)
  })

  it('of different codes do not add up', () => {
    story.refused('a', T0, { ...WRONG_SECRET, code: 'AUT_1785' })
    story.refused('b')
    story.refused('c')
    expect(story.state().alarm).toBeUndefined()

    story.refused('a', T0)

    expect(story.state().alarm?.upstream.code).toBe('AUT_1702')
  })

  it('without a code are alike when their status is', () => {
    const silent = (status: number) => ({ service: 'samsung-account', status }) as const
    story.refused('a', T0, silent(401))
    story.refused('b', T0, silent(400))
    story.refused('c', T0, silent(401))
    expect(story.state().alarm).toBeUndefined()

    story.refused('d', T0, silent(401))

    expect(story.state().alarm?.upstream).toEqual(silent(401))
  })

  it('are remembered for 64 connections at most, the newest', () => {
    for (const [index, id] of ids(100).entries())
      story.refused(id, T0, { ...WRONG_SECRET, code: `AUT_${index}` })

    expect(failed(story)).toEqual(ids(100).slice(36))
  })

  it('for one operation say nothing of the other', () => {
    story = aHeldStory()
    const upstream = { service: 'knox', code: '4012250' } as const
    story.happens({ kind: 'refused', operation: 'exchange', connectionId: 'a', upstream, by: 'p1' })

    expect(alarmIn(story.record(), 'exchange')).toBeUndefined()
    expect(story.state('exchange').failures).toHaveLength(1)
  })

  it('are told to others without what belongs to one customer’s request', () => {
    story = aStory({ ...POLICY, threshold: 1 })
    story.refused('a', T0, { ...WRONG_SECRET, message: 'wrong secret', errorId: 'b3f1c2' })

    expect(story.state().alarm?.upstream).toEqual({ ...WRONG_SECRET, message: 'wrong secret' })
  })
})

describe('an acceptance', () => {
  it('ends the alarm at once, and says who found out', () => {
    story = aHeldStory()

    story.accepted('d', T0 + 5000)

    expect(story.state()).toEqual({
      failures: [],
      contradicted: ['a', 'b', 'c'].map((connectionId) => ({ connectionId, at: T0 + 5000 })),
      ended: { at: T0 + 5000, endedBy: 'p2' },
    })
  })

  it('between refusals makes them start from nothing', () => {
    story.refused('a')
    story.refused('b')
    story.accepted('c')
    story.refused('d')
    story.refused('e')

    expect(story.state().alarm).toBeUndefined()
    expect(failed(story)).toEqual(['d', 'e'])
  })

  it('of the connection that was refused speaks for it', () => {
    story.refused('a')
    story.accepted('a')

    expect(story.state()).toEqual({ failures: [], contradicted: [] })
  })

  it('changes nothing where nothing is known', () => {
    expect(story.accepted('a')).toBe(false)
  })

  it('changes nothing while only others are known to be wrong', () => {
    story.refused('a')
    story.accepted('b')

    expect(story.accepted('c')).toBe(false)
  })
})

describe('a connection that was refused while another was accepted', () => {
  beforeEach(() => {
    for (const id of ['a', 'b', 'c']) {
      story.refused(id)
      story.accepted('d')
    }
  })

  it.each([
    [59_999, false],
    [60_000, true],
  ])('counts again after %d ms: %j', (afterMs, counts) => {
    for (const id of ['a', 'b', 'c']) story.refused(id, T0 + afterMs)

    expect(story.state().alarm !== undefined).toBe(counts)
  })

  it('counts again at once when it was accepted itself', () => {
    for (const id of ['a', 'b', 'c']) story.accepted(id)
    expect(contradicted(story)).toEqual([])

    for (const id of ['a', 'b', 'c']) story.refused(id)

    expect(story.state().alarm).toBeDefined()
  })

  it('is not held against the others', () => {
    story.refused('a')
    story.refused('e')
    story.refused('f')
    expect(story.state().alarm).toBeUndefined()

    story.refused('g')

    expect(failed(story)).toEqual(['e', 'f', 'g'])
    expect(story.state().alarm).toBeDefined()
  })

  it('is remembered with 63 others at most, the newest', () => {
    for (const id of ids(100)) {
      story.refused(id)
      story.accepted('d')
    }

    expect(contradicted(story)).toEqual(ids(100).slice(36))
  })

  it('is not one whose refusal is as old as the window', () => {
    story = aStory()
    story.refused('a')

    story.accepted('d', T0 + 60_000)

    expect(story.state()).toEqual({ failures: [], contradicted: [] })
  })
})

describe('while held', () => {
  beforeEach(() => {
    story = aHeldStory()
  })

  it('old refusals stand, because nobody else is asked', () => {
    story.refused('a', T0 + 600_000)

    expect(failed(story)).toEqual(['b', 'c', 'a'])
    expect(story.state().alarm?.since).toBe(T0)
  })

  it('the newest words of Samsung are told', () => {
    story.refused('a', T0 + 2000, { ...WRONG_SECRET, code: 'AUT_1785' })

    expect(story.state().alarm).toMatchObject({ since: T0, upstream: { code: 'AUT_1785' } })
  })

  it('no more connections are noted than can take turns', () => {
    for (const id of ids(100)) story.refused(id)

    expect(failed(story)).toHaveLength(16)
    expect(story.refused('one more')).toBe(false)
    expect(story.refused('a', T0 + 1)).toBe(true)
  })

  it.each([
    [1999, false],
    [2000, true],
  ])('a probe may be claimed after %d ms: %j', (afterMs, isClaimed) => {
    const claim = { kind: 'probe_claimed', operation: 'refresh' } as const

    expect(story.happens(claim, T0 + afterMs)).toBe(isClaimed)
    expect(story.happens(claim, T0 + afterMs)).toBe(false)
    expect(story.state().alarm?.probedAt).toBe(isClaimed ? T0 + afterMs : T0)
  })

  it('the next probe is due an interval after the last one', () => {
    story.happens({ kind: 'probe_claimed', operation: 'refresh' }, T0 + 3000)
    const { alarm } = story.state()

    expect(alarm && nextProbeAt(alarm, POLICY)).toBe(T0 + 5000)
  })

  it('a connection that can tell nothing any more is passed over', () => {
    expect(story.happens({ kind: 'passed_over', operation: 'refresh', connectionId: 'b' })).toBe(
      true,
    )
    expect(story.happens({ kind: 'passed_over', operation: 'refresh', connectionId: 'b' })).toBe(
      false,
    )

    expect(failed(story)).toEqual(['a', 'c'])
  })

  it('it is given up only when nobody is left', () => {
    const giveUp = { kind: 'given_up', operation: 'refresh', by: 'p3' } as const
    expect(story.happens(giveUp)).toBe(false)
    for (const connectionId of ['a', 'b', 'c'])
      story.happens({ kind: 'passed_over', operation: 'refresh', connectionId })

    expect(story.happens(giveUp, T0 + 9)).toBe(true)

    expect(story.state()).toEqual({
      failures: [],
      contradicted: [],
      ended: { at: T0 + 9, endedBy: 'p3' },
    })
    for (const id of ['a', 'b', 'c']) story.refused(id)
    expect(story.state().alarm).toBeDefined()
  })
})

it.each(['probe_claimed', 'given_up'] as const)(
  '%s means nothing while nothing is held',
  (kind) => {
    story.refused('a')

    expect(story.happens({ kind, operation: 'refresh', by: 'p1' }, T0 + 9999)).toBe(false)
  },
)

it('is read as it was written', () => {
  story = aHeldStory()
  story.accepted('d')
  for (const id of ['e', 'f', 'g']) story.refused(id, T0, { service: 'samsung-account' })

  expect(parseProgramRecord(JSON.stringify(story.record()))).toEqual(story.record())
})

it.each(['', '{}', '{"format":2,"type":"program","id":"prog_a","operations":{}}', 'null'])(
  'is not readable as %j',
  (text) => {
    expect(() => parseProgramRecord(text)).toThrow(
      expect.objectContaining({ code: 'record_unreadable' }),
    )
  },
)
