import { describe, expect, it } from '@jest/globals'
import { createClockWorld, HOUR, MINUTE, SECOND } from './clock-world.ts'

/** A governor that has heard the same from one host, several times. */
function heard(skewMs: number, times = 2) {
  const world = createClockWorld()
  for (let n = 0; n < times; n += 1) world.observe('knox', skewMs)
  return world
}

describe('a correction', () => {
  it('needs two observations', () => {
    const world = heard(4 * MINUTE, 0)
    expect(world.governor.state()).toEqual({ skewMs: null, correctionMs: 0, beyondLimit: false })
    world.observe('knox', 4 * MINUTE)
    expect(world.governor.state()).toEqual({ skewMs: null, correctionMs: 0, beyondLimit: false })
    world.observe('knox', 4 * MINUTE)
    expect(world.governor.state()).toEqual({
      skewMs: 4 * MINUTE,
      correctionMs: 4 * MINUTE,
      beyondLimit: false,
    })
  })

  it.each([
    [0, 0],
    [1000, 0],
    [-1000, 0],
    [1001, 1000],
    [-1001, -2000],
    [90_400, 90_000],
    [-90_400, -91_000],
    [299_000, 299_000],
    [-299_000, -299_000],
    [299_999, 299_000],
    [-299_999, -300_000],
    [300_000, 300_000],
    [-300_000, -300_000],
    [300_001, 0],
    [-300_001, 0],
    [301_000, 0],
    [-301_000, 0],
  ])('of a skew of %i ms is %i ms', (skewMs, correctionMs) => {
    expect(heard(skewMs).governor.state()).toMatchObject({ skewMs, correctionMs })
  })

  it('ends when what it rests on is an hour old', () => {
    const { time, governor } = heard(4 * MINUTE)

    time.advance(HOUR - SECOND - 1)
    expect(governor.correctionMs()).toBe(4 * MINUTE)
    time.advance(1)
    expect(governor.correctionMs()).toBe(0)
  })

  it('ends at once when our clock is set, and does not make a mended one wrong', () => {
    const world = heard(4 * MINUTE, 20)

    world.time.set(4 * MINUTE)

    expect(world.governor.state()).toMatchObject({ skewMs: null, correctionMs: 0 })
    for (let n = 0; n < 2; n += 1) world.observe('knox', 0)
    expect(world.governor.state()).toMatchObject({ skewMs: 0, correctionMs: 0 })
  })

  it('is not moved by one odd answer, from whichever host', () => {
    for (const host of ['knox', 'account', 'new'])
      for (const truth of [0, -4 * MINUTE])
        for (const odd of [4 * MINUTE, 0, 1e9, -1e9]) {
          const world = createClockWorld()
          for (const honest of ['knox', 'account']) world.observe(honest, truth)
          world.observe(host, odd)
          expect(world.governor.correctionMs()).toBe(truth)
        }
  })

  it('is not moved by an answer out of a cache, however often it comes', () => {
    const world = heard(0)
    const dateHeader = new Date(world.time.clock() - 2 * MINUTE).toUTCString()

    for (let n = 0; n < 50; n += 1) world.observe('knox', 0, { dateHeader })
    for (let n = 0; n < 50; n += 1) world.observe('knox', -4 * MINUTE, { cached: true })
    for (let n = 0; n < 50; n += 1) world.observe('knox', -4 * MINUTE, { status: 502 })

    expect(world.governor.correctionMs()).toBe(0)
  })

  it('is not moved by one host of three, and left alone by one of two', () => {
    const three = createClockWorld()
    for (let n = 0; n < 3; n += 1)
      for (const [host, skewMs] of [
        ['knox', 0],
        ['account', 0],
        ['liar', 4 * MINUTE],
      ] as const)
        three.observe(host, skewMs)
    expect(three.governor.correctionMs()).toBe(0)

    const two = heard(2 * MINUTE)
    for (let n = 0; n < 9; n += 1) two.observe('liar', 0)
    expect(two.governor.correctionMs()).toBe(2 * MINUTE)
  })

  it('follows a clock that is mended little by little', () => {
    const world = heard(-4 * MINUTE)
    for (let skewMs = -4 * MINUTE; skewMs < 0; skewMs += SECOND) world.observe('knox', skewMs)
    for (let n = 0; n < 31; n += 1) world.observe('knox', 0)

    expect(world.governor.correctionMs()).toBe(0)
  })
})

describe('a refusal that blames the time', () => {
  it.each([
    ['behind', 4 * MINUTE],
    ['ahead', -4 * MINUTE],
  ])('is enough by itself to find our clock %s', (_, skewMs) => {
    const { governor, answer } = createClockWorld()
    governor.refused('knox', answer(skewMs))

    expect(governor.correctionMs()).toBe(skewMs)
  })

  it('puts right what was wrong before, whatever others say', () => {
    const world = heard(0, 31)
    for (let n = 0; n < 31; n += 1) world.observe('account', 0)

    world.governor.refused('knox', world.answer(-4 * MINUTE))

    expect(world.governor.correctionMs()).toBe(-4 * MINUTE)
    world.observe('account', 0)
    expect(world.governor.correctionMs()).toBe(-4 * MINUTE)
  })

  it.each([
    [0, 1000, 0],
    [0, -1000, 0],
    [0, -2000, -2000],
    [-MINUTE, -MINUTE - 1000, -MINUTE],
    [-MINUTE, -MINUTE - 2000, -MINUTE - 2000],
  ])('after a skew of %i ms, dated at one of %i ms: %i ms', (known, dated, correctionMs) => {
    const world = heard(known, 3)
    world.governor.refused('knox', world.answer(dated))

    expect(world.governor.correctionMs()).toBe(correctionMs)
  })

  it.each<readonly [string, Record<string, string> | null, number]>([
    ['has no date', {}, 403],
    ['comes out of a cache', { age: '0' }, 403],
    ['was made by a gateway', null, 502],
  ])('teaches nothing when it %s', (_, headers, status) => {
    const { governor, answer } = createClockWorld()
    const whole = answer(-4 * MINUTE)
    const changed =
      headers === null
        ? whole.headers
        : new Map([...('age' in headers ? whole.headers : []), ...Object.entries(headers)])
    governor.refused('knox', { ...whole, status, headers: changed })

    expect(governor.state()).toMatchObject({ skewMs: null, correctionMs: 0 })
  })

  it('is not corrected beyond five minutes, but rings', () => {
    const { governor, answer, events } = createClockWorld()
    governor.refused('knox', answer(-400 * SECOND))

    expect(governor.state()).toEqual({
      skewMs: -400 * SECOND,
      correctionMs: 0,
      beyondLimit: true,
    })
    expect(events).toEqual([['error', 'clock_skew_beyond_limit', -400 * SECOND]])
  })
})

describe('the alarm', () => {
  it('rings once, and says once when it is over', () => {
    const world = heard(301 * SECOND, 5)
    expect(world.governor.state().beyondLimit).toBe(true)
    for (let n = 0; n < 31; n += 1) world.observe('knox', 299 * SECOND)

    expect(world.governor.state()).toMatchObject({
      beyondLimit: false,
      correctionMs: 299 * SECOND,
    })
    expect(world.events).toEqual([
      ['error', 'clock_skew_beyond_limit', 301 * SECOND],
      ['info', 'clock_skew_within_limit', 299 * SECOND],
      ['warn', 'clock_corrected', 299 * SECOND],
    ])
  })

  it('does not say that a correction has ended, while it rings', () => {
    const world = heard(240 * SECOND)
    world.time.advance(10 * MINUTE)
    world.governor.refused('knox', world.answer(400 * SECOND))

    expect(world.governor.correctionMs()).toBe(0)
    expect(world.events.map(([, event]) => event)).toEqual([
      'clock_corrected',
      'clock_skew_beyond_limit',
    ])
  })

  it('does not ring again and again at just about its limit', () => {
    const world = heard(301 * SECOND, 3)
    for (let round = 0; round < 5; round += 1)
      for (const skewMs of [300 * SECOND, 301 * SECOND])
        for (let n = 0; n < 31; n += 1) world.observe('knox', skewMs)

    expect(world.governor.correctionMs()).toBe(0)
    expect(world.events).toHaveLength(1)
  })

  it('goes on while nothing is known, and is not over before Samsung says so', () => {
    const world = heard(400 * SECOND)
    world.time.advance(2 * HOUR)
    expect(world.governor.state()).toEqual({ skewMs: null, correctionMs: 0, beyondLimit: true })

    world.time.set(400 * SECOND)
    world.observe('knox', 0)
    expect(world.governor.state().beyondLimit).toBe(true)
    world.observe('knox', 0)

    expect(world.governor.state()).toEqual({ skewMs: 0, correctionMs: 0, beyondLimit: false })
    expect(world.events.map(([, event]) => event)).toEqual([
      'clock_skew_beyond_limit',
      'clock_skew_within_limit',
    ])
  })
})

describe('the log', () => {
  const told = (world: ReturnType<typeof createClockWorld>) => world.events.length

  it('tells of the first correction, of a large change, and of the end, ten minutes apart', () => {
    const world = heard(-20 * SECOND)
    const say = (skewMs: number) => world.governor.refused('knox', world.answer(skewMs))
    expect(world.events).toEqual([['warn', 'clock_corrected', -20 * SECOND]])

    say(-30 * SECOND)
    world.time.advance(10 * MINUTE - SECOND - 1)
    world.governor.state()
    expect(told(world)).toBe(1)
    world.time.advance(1)
    world.governor.state()
    expect(world.events.slice(1)).toEqual([['warn', 'clock_corrected', -30 * SECOND]])

    say(-21 * SECOND)
    world.time.advance(10 * MINUTE)
    world.governor.state()
    expect(told(world)).toBe(2)
    say(0)
    world.time.advance(10 * MINUTE)
    world.observe('knox', 0)
    expect(world.events.slice(2)).toEqual([['info', 'clock_correction_ended']])
    world.time.advance(10 * MINUTE)
    world.observe('knox', 0)
    expect(told(world)).toBe(3)
  })

  it('says nothing where nothing is corrected', () => {
    expect(heard(1000, 40).events).toEqual([])
  })
})

it('reports the clocks of single hosts', () => {
  const world = heard(4 * MINUTE)
  world.observe('account', 0)

  expect(world.governor.skews()).toMatchObject([
    { host: 'knox', skewMs: 4 * MINUTE },
    { host: 'account', skewMs: 0 },
  ])
})
