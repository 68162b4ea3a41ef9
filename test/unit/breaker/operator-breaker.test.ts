import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Operation } from '../../../src/breaker/breaker.ts'
import { programRecordId } from '../../../src/breaker/breaker-record.ts'
import { sleep } from '../../../src/shared/time.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { eventually } from '../../support/eventually.ts'
import { held } from '../vault/support/samsung.ts'
import { codeOf } from '../vault/support/world.ts'
import { createBreakers, PROGRAM, type Process } from './support/breakers.ts'
import { T0, WRONG_SECRET } from './support/program.ts'

const KEY = documentKey(programRecordId(PROGRAM))

let world: ReturnType<typeof createBreakers>
let one: Process
let two: Process

beforeEach(() => {
  world = createBreakers()
  one = world.join()
  two = world.join()
})

const refuse = (process: Process, ids: readonly string[], operation: Operation = 'refresh') =>
  Promise.all(ids.map((id) => process.refused(PROGRAM, operation, id, WRONG_SECRET)))

const admitted = (process: Process, id = 'any', operation: Operation = 'refresh') =>
  codeOf(process.admit(PROGRAM, operation, id))

describe('a program whose credentials are refused', () => {
  it('is held in every process, with Samsung’s words and the time of the next probe', async () => {
    await refuse(one, ['a', 'b', 'c'])
    world.advance(500)

    for (const process of [one, two])
      await expect(process.admit(PROGRAM, 'refresh', 'd')).rejects.toMatchObject({
        code: 'upstream_refused_client',
        extras: { upstream: WRONG_SECRET, retryAfterSeconds: 2 },
      })
    expect(two.alarm(PROGRAM)).toMatchObject({
      operation: 'refresh',
      upstream: WRONG_SECRET,
      since: T0,
    })
  })

  it.each([
    [999, 2],
    [1000, 1],
    [60_000, 1],
  ])('%d ms after it was, tells callers to come back in %d s', async (afterMs, seconds) => {
    await refuse(one, ['a', 'b', 'c'])
    world.advance(afterMs)

    await expect(two.admit(PROGRAM, 'refresh', 'd')).rejects.toMatchObject({
      extras: { retryAfterSeconds: seconds },
    })
  })

  it('is held together by processes whose clocks differ', async () => {
    const fast = world.join([PROGRAM], 3_600_000)
    await refuse(one, ['a'])
    await refuse(fast, ['b', 'c'])

    await expect(fast.admit(PROGRAM, 'refresh', 'd')).rejects.toMatchObject({
      extras: { retryAfterSeconds: 2 },
    })
    expect(await admitted(two)).toBe('upstream_refused_client')
  })

  it('is held for what was refused, and for nothing else', async () => {
    await refuse(one, ['a', 'b', 'c'])

    expect(await admitted(two, 'd', 'exchange')).toBe('resolved')
    expect(await codeOf(two.admit('emm-us', 'refresh', 'd'))).toBe('resolved')
    expect(two.alarm('emm-us')).toBeNull()
    expect(one.isHeld(PROGRAM, 'refresh')).toBe(true)
    expect(one.isHeld(PROGRAM, 'exchange')).toBe(false)
  })

  it('is held when several processes saw one refusal each', async () => {
    await refuse(one, ['a'])
    await refuse(two, ['b'])
    expect(await admitted(one)).toBe('resolved')

    await refuse(world.join(), ['c'])
    world.advance(1000)

    expect(await admitted(one)).toBe('upstream_refused_client')
  })

  it('goes on with the first acceptance, in every process within 250 ms', async () => {
    await refuse(one, ['a', 'b', 'c'])
    expect(await admitted(two)).toBe('upstream_refused_client')
    await one.accepted(PROGRAM, 'refresh', 'd')

    world.advance(249)
    expect(await admitted(two)).toBe('upstream_refused_client')
    world.advance(1)

    expect(await admitted(two)).toBe('resolved')
    expect(await admitted(one)).toBe('resolved')
    expect(two.alarm(PROGRAM)).toBeNull()
  })

  it('is known to a process that comes later before it serves', async () => {
    await refuse(one, ['a', 'b', 'c'])
    const later = world.join()

    await later.start()
    later.stop()

    expect(later.alarms()).toEqual([
      { programId: PROGRAM, operation: 'refresh', upstream: WRONG_SECRET, since: T0 },
    ])
  })
})

describe('the alarm', () => {
  it('is told once, by the process that raised it, and its end by the one that saw it', async () => {
    await refuse(one, ['a', 'b'])
    await refuse(two, ['c', 'd', 'e'])
    for (const process of [one, two]) await admitted(process)
    world.advance(5000)
    await one.accepted(PROGRAM, 'refresh', 'f')
    world.advance(5000)
    for (const process of [one, two]) expect(await admitted(process)).toBe('resolved')

    expect([one.events('operator_alarm'), two.events('operator_alarm')]).toEqual([
      [],
      [
        expect.objectContaining({
          level: 'error',
          programId: PROGRAM,
          operation: 'refresh',
          upstreamStatus: 400,
          upstreamCode: 'AUT_1702',
        }),
      ],
    ])
    expect([one.raised, two.raised]).toEqual([[], [PROGRAM]])
    expect([one.events('operator_alarm_over'), two.events('operator_alarm_over')]).toEqual([
      [expect.objectContaining({ level: 'info', programId: PROGRAM, operation: 'refresh' })],
      [],
    ])
  })

  it('shows in the gauge of every process as long as it lasts', async () => {
    await refuse(one, ['a', 'b', 'c'])
    await admitted(two)
    for (const process of [one, two]) {
      expect(process.gauge.get(`${PROGRAM} refresh`)).toBe(true)
      expect(process.gauge.get(`${PROGRAM} exchange`)).toBe(false)
    }

    await two.accepted(PROGRAM, 'refresh', 'd')
    world.advance(1000)
    await admitted(one)

    for (const process of [one, two]) expect(process.gauge.get(`${PROGRAM} refresh`)).toBe(false)
  })

  it('is told again when it is raised again', async () => {
    for (const ids of [
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ]) {
      await refuse(one, ids)
      world.advance(10)
      await one.accepted(PROGRAM, 'refresh', 'x')
      world.advance(10)
    }

    expect(one.events('operator_alarm')).toHaveLength(2)
    expect(one.events('operator_alarm_over')).toHaveLength(2)
  })

  it('is told also by a process that had not heard of the end of the last one', async () => {
    await refuse(one, ['a', 'b', 'c'])
    expect(await admitted(two)).toBe('upstream_refused_client')
    world.advance(10)
    await one.accepted(PROGRAM, 'refresh', 'x')

    await refuse(two, ['d', 'e', 'f'])

    expect(two.events('operator_alarm')).toHaveLength(1)
    expect(two.events('operator_alarm_over')).toHaveLength(0)
  })

  it('is told late rather than never when no answer came to the write that raised it', async () => {
    await refuse(one, ['a', 'b'])
    one.faulty.failWrites(Array(4).fill('applied_unanswered'))
    await refuse(one, ['c'])
    expect(one.events('breaker_not_stored')).toHaveLength(1)
    expect(one.events('operator_alarm')).toHaveLength(0)

    world.advance(1000)
    expect(await admitted(one)).toBe('upstream_refused_client')

    expect(one.events('operator_alarm')).toHaveLength(1)
  })
})

describe('what it costs', () => {
  it('to let an attempt pass: one question a second, however many there are', async () => {
    await admitted(one)
    expect(one.calls).toEqual({ read: 0, version: 1, compareAndSet: 0 })

    world.advance(999)
    await Promise.all(Array.from({ length: 50 }, () => admitted(one)))
    expect(one.calls.version).toBe(1)
    world.advance(1)
    await Promise.all(Array.from({ length: 50 }, () => admitted(one)))

    expect(one.calls).toEqual({ read: 0, version: 2, compareAndSet: 0 })
  })

  it('to be accepted: nothing while nothing is known', async () => {
    await Promise.all(Array.from({ length: 50 }, () => one.accepted(PROGRAM, 'refresh', 'a')))

    expect(one.calls).toEqual({ read: 0, version: 0, compareAndSet: 0 })
  })

  it('to be accepted after a refusal: one write, and then nothing', async () => {
    await refuse(one, ['a'])
    const { compareAndSet } = one.calls

    for (let i = 0; i < 20; i++) await one.accepted(PROGRAM, 'refresh', 'b')

    expect(one.calls.compareAndSet).toBe(compareAndSet + 1)
  })

  it('to be refused together: two writes for two hundred', async () => {
    await refuse(one, ['a'])
    const { compareAndSet } = one.calls
    await refuse(
      one,
      Array.from({ length: 200 }, (_, i) => `conn-${i}`),
    )

    expect(one.calls.compareAndSet).toBeLessThanOrEqual(compareAndSet + 2)
    expect(one.isHeld(PROGRAM, 'refresh')).toBe(true)
  })

  it('to hold attempts: four questions a second', async () => {
    await refuse(two, ['a', 'b', 'c'])
    for (let i = 0; i < 100; i++) {
      await Promise.all([admitted(one, `conn-${i}`), admitted(one)])
      world.advance(10)
    }

    expect(one.calls.read).toBe(4)
  })
})

describe('while the store is away', () => {
  it('nothing is held that was not, and nothing is thrown', async () => {
    one.faulty.setDown(true)

    await refuse(one, ['a', 'b', 'c'])
    await one.accepted(PROGRAM, 'refresh', 'd')

    expect(await admitted(one)).toBe('resolved')
    expect(one.alarms()).toEqual([])
    expect(one.events('operator_alarm')).toEqual([])
    expect(one.events('breaker_not_stored').length).toBeGreaterThan(0)
  })

  it('attempts go on to meet it, also of a program that was held', async () => {
    await refuse(one, ['a', 'b', 'c'])
    one.faulty.setDown(true)
    world.advance(250)

    expect(await admitted(one)).toBe('resolved')

    one.faulty.setDown(false)
    expect(await admitted(one)).toBe('upstream_refused_client')
  })
})

it('believes no record that cannot be read, and leaves it as it is', async () => {
  await world.memory.compareAndSet(KEY, 0, 'broken', 'w')

  await refuse(one, ['a', 'b', 'c'])

  expect(await admitted(one)).toBe('resolved')
  expect(one.events('breaker_not_stored')).toHaveLength(1)
  expect((await world.memory.read(KEY)).document?.text).toBe('broken')
})

it('does not believe an answer that a write has overtaken', async () => {
  const { step, arrived, release } = held()
  const { version } = world.memory
  Object.assign(world.memory, {
    version: async (key: string) => {
      const answer = await version(key)
      await step.before?.()
      return answer
    },
  })
  const late = world.join()
  const asking = admitted(late)
  await arrived
  await refuse(late, ['a', 'b', 'c'])
  release()
  await asking

  expect(late.isHeld(PROGRAM, 'refresh')).toBe(true)
})

it('forgets an alarm whose record is gone', async () => {
  const lost = world.join()
  await refuse(one, ['a', 'b', 'c'])
  await admitted(lost)
  const { document } = await world.memory.read(KEY)
  await world.memory.compareAndSet(KEY, document?.revision ?? 0, '{}', 'w', { expiresInMs: 1 })
  world.advance(250)

  expect(await admitted(lost)).toBe('resolved')
})

it('lets a program pass that is not configured, and asks the store nothing about it', async () => {
  const ids = ['a', 'b', 'c']
  await Promise.all(ids.map((id) => one.refused('gone', 'refresh', id, WRONG_SECRET)))
  await one.accepted('gone', 'refresh', 'd')

  expect(await codeOf(one.admit('gone', 'refresh', 'd'))).toBe('resolved')
  expect(one.calls).toEqual({ read: 0, version: 0, compareAndSet: 0 })
})

it('listens to the others until it is stopped', async () => {
  world = createBreakers({ threshold: 3, windowMs: 60_000, probeIntervalMs: 10 })
  const listener = world.join()
  await listener.start()
  await refuse(world.join(), ['a', 'b', 'c'])
  await eventually(() => listener.alarm(PROGRAM) !== null)
  listener.stop()

  expect(listener.holding().map(({ operation }) => operation)).toEqual(['refresh'])
  await sleep(20)
  const { read } = listener.calls
  await sleep(50)
  expect(listener.calls.read).toBe(read)
})
