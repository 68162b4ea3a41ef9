import { describe, expect, it } from '@jest/globals'
import { ServiceError } from '../../../src/shared/errors.ts'
import { createLog } from '../../../src/shared/log.ts'
import { createReassertions } from '../../../src/vault/reassertions.ts'

const MINUTE = 60_000

function setUp() {
  let now = 1_000_000
  const lines: string[] = []
  const applied: (readonly [string, string])[] = []
  /** What happens when a change is applied; it had to be written unless this says something else. */
  const acts = new Map<string, () => boolean | Promise<boolean>>()
  const reassertions = createReassertions<string>({
    async apply(id, change) {
      applied.push([id, change])
      return (await acts.get(id)?.()) ?? true
    },
    clock: () => now,
    log: createLog('debug', { write: (line) => void lines.push(line) }),
  })
  return {
    ...reassertions,
    applied,
    acts,
    advance: (ms: number) => {
      now += ms
    },
    events: () =>
      lines.map((line) => {
        const { level, event, connectionId } = JSON.parse(line)
        return [level, event, connectionId]
      }),
  }
}

/** An act that begins and waits. */
function waiting() {
  const begun = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const act = async () => {
    begun.resolve()
    await released.promise
    return true
  }
  return { act, begun: begun.promise, release: released.resolve }
}

describe('what is remembered', () => {
  it('is put right, the newest first', async () => {
    const { remember, run, applied } = setUp()
    for (const id of ['a', 'b', 'c']) remember(id, `of ${id}`)

    await run()

    expect(applied).toEqual([
      ['c', 'of c'],
      ['b', 'of b'],
      ['a', 'of a'],
    ])
  })

  it('is a document’s end, whatever is remembered of it later', async () => {
    const { remember, run, applied } = setUp()
    remember('a', 'the end', 'last')
    remember('a', 'too late')

    await run()

    expect(applied).toEqual([['a', 'the end']])
  })

  it.each([
    [10 * MINUTE - 1, 2],
    [10 * MINUTE, 1],
  ])('is as new as the last failover: %d ms after it, %d are put right', async (ms, times) => {
    const { remember, run, applied, advance } = setUp()
    remember('a', 'change')
    advance(9 * MINUTE)
    await run()
    advance(ms)

    await run()

    expect(applied).toHaveLength(times)
  })

  it('is the last change of each document, as new as that', async () => {
    const { remember, run, applied } = setUp()
    remember('a', 'first')
    remember('b', 'only')
    remember('a', 'second')

    await run()

    expect(applied).toEqual([
      ['a', 'second'],
      ['b', 'only'],
    ])
  })

  it.each([
    [10 * MINUTE - 1, 1],
    [10 * MINUTE, 0],
  ])('is so for ten minutes: after %d ms %d are put right', async (ms, count) => {
    const { remember, run, advance, applied } = setUp()
    remember('a', 'of a')
    advance(ms)

    await run()

    expect(applied).toHaveLength(count)
  })

  it('is remembered for ten minutes from its last change', async () => {
    const { remember, run, advance, applied } = setUp()
    remember('a', 'first')
    advance(9 * MINUTE)
    remember('a', 'second')
    advance(9 * MINUTE)

    await run()

    expect(applied).toEqual([['a', 'second']])
  })

  it('is 10,000 documents and no more; the oldest is forgotten', async () => {
    const { remember, run, applied } = setUp()
    for (let i = 0; i < 10_000; i++) remember(`id-${i}`, 'change')
    await run()
    expect(applied).toHaveLength(10_000)
    applied.length = 0

    remember('one-more', 'change')
    await run()

    const ids = applied.map(([id]) => id)
    expect(ids).toHaveLength(10_000)
    expect(ids[0]).toBe('one-more')
    expect(ids.at(-1)).toBe('id-1')
  })

  it('is put right again the next time', async () => {
    const { remember, run, applied } = setUp()
    remember('a', 'of a')
    await run()

    await run()

    expect(applied).toHaveLength(2)
  })
})

describe('putting right', () => {
  it('is told of what had to be written, and of nothing else', async () => {
    const { remember, run, acts, events } = setUp()
    acts.set('a', () => false)
    remember('a', 'of a')
    remember('b', 'of b')

    await run()

    expect(events()).toEqual([['warn', 'write_reasserted', 'b']])
  })

  it.each([new ServiceError('store_unavailable'), new TypeError('a defect')])(
    'goes on after one that fails (%s), and says so',
    async (error) => {
      const { remember, run, acts, events } = setUp()
      acts.set('b', () => Promise.reject(error))
      for (const id of ['a', 'b', 'c']) remember(id, `of ${id}`)

      await run()

      expect(events()).toEqual([
        ['warn', 'write_reasserted', 'c'],
        ['error', 'write_not_reasserted', 'b'],
        ['warn', 'write_reasserted', 'a'],
      ])
    },
  )

  it('begins once more when asked meanwhile, and not beside itself', async () => {
    const { remember, run, acts, applied } = setUp()
    const { act, begun, release } = waiting()
    acts.set('b', act)
    remember('a', 'of a')
    remember('b', 'of b')
    const first = run()
    await begun
    const more = [run(), run()]
    expect(applied).toHaveLength(1)

    release()
    await Promise.all([first, ...more])

    expect(applied.map(([id]) => id)).toEqual(['b', 'a', 'b', 'a'])
  })

  it('leaves out what was replaced meanwhile: its writer has just seen the new server', async () => {
    const { remember, run, acts, applied } = setUp()
    const { act, begun, release } = waiting()
    acts.set('b', act)
    remember('a', 'old')
    remember('b', 'of b')
    const running = run()
    await begun

    remember('a', 'new')
    release()
    await running

    expect(applied).toEqual([['b', 'of b']])
  })

  it('leaves out what has grown too old meanwhile', async () => {
    const { remember, run, acts, advance, applied } = setUp()
    const { act, begun, release } = waiting()
    acts.set('b', act)
    remember('a', 'of a')
    advance(MINUTE)
    remember('b', 'of b')
    const running = run()
    await begun

    advance(9 * MINUTE)
    release()
    await running

    expect(applied).toEqual([['b', 'of b']])
  })

  it('with nothing remembered is nothing', async () => {
    const { run, applied, events } = setUp()

    await run()
    await run()

    expect([applied, events()]).toEqual([[], []])
  })
})
