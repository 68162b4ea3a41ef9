import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { type ErrorCode, ServiceError } from '../../../src/shared/errors.ts'
import { createLog } from '../../../src/shared/log.ts'
import { createUncommitted } from '../../../src/vault/uncommitted.ts'

const POLL_MS = 100
const ONE = 'conn_1'
const TWO = 'conn_2'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

function setUp() {
  const lines: string[] = []
  const uncommitted = createUncommitted({
    settings: { pollMs: POLL_MS },
    clock: Date.now,
    log: createLog('debug', { write: (line) => void lines.push(line) }),
  })

  /** Tokens that the store refuses so often, and then takes; or does not, if the record is gone. */
  function hold({ refusals = 0, code = 'store_unavailable' as ErrorCode, isThere = true } = {}) {
    const tries: number[] = []
    const lost: number[] = []
    const heldAt = Date.now()
    uncommitted.hold({
      connectionId: ONE,
      attempt: 'attempt-1',
      async store() {
        tries.push(Date.now() - heldAt)
        if (tries.length <= refusals) throw new ServiceError(code)
        return isThere
      },
      onLost: () => void lost.push(Date.now() - heldAt),
    })
    return { tries, lost }
  }

  return {
    ...uncommitted,
    hold,
    events: () =>
      lines.map((line) => {
        const { level, event, connectionId, attempt, durationMs } = JSON.parse(line)
        return [level, event, connectionId, attempt, durationMs]
      }),
  }
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)

describe('held tokens', () => {
  it('are tried again after pauses that double up to a quarter of a second', async () => {
    const { hold } = setUp()
    const { tries } = hold({ refusals: 5 })

    await pass(10_000)

    expect(tries).toEqual([100, 300, 550, 800, 1050, 1300])
  })

  it('are tried for as long as the process lives', async () => {
    const { hold, count } = setUp()
    const { lost } = hold({ refusals: Number.POSITIVE_INFINITY })

    await pass(600_000)

    expect([count(), lost]).toEqual([1, []])
  })

  it.each(['store_unavailable', 'store_not_durable'] as const)(
    'are stored once the store takes them (%s before)',
    async (code) => {
      const { hold, count, events } = setUp()
      const { tries, lost } = hold({ refusals: 2, code })
      expect(count()).toBe(1)

      await pass(549)
      expect(count()).toBe(1)
      await pass(1)

      expect([tries.length, lost, count()]).toEqual([3, [], 0])
      expect(events()).toEqual([
        ['warn', 'tokens_held', ONE, 'attempt-1', undefined],
        ['info', 'held_tokens_stored', ONE, 'attempt-1', 550],
      ])
    },
  )

  it('are dropped when their connection is gone, and that is no loss', async () => {
    const { hold, count, events } = setUp()
    const { lost } = hold({ isThere: false })

    await pass(100)

    expect([count(), lost]).toEqual([0, []])
    expect(events().at(-1)).toEqual(['info', 'held_tokens_dropped', ONE, 'attempt-1', 100])
  })

  it('are lost at once when the store is there and nothing can store them', async () => {
    const { hold, count, events } = setUp()
    const { tries, lost } = hold({ refusals: 9, code: 'record_unreadable' })

    await pass(10_000)

    expect([tries, lost, count()]).toEqual([[100], [100], 0])
    expect(events().at(-1)).toEqual(['error', 'held_tokens_lost', ONE, 'attempt-1', undefined])
  })

  it('of one connection do not wait for those of another', async () => {
    const { hold, count } = setUp()
    hold({ refusals: Number.POSITIVE_INFINITY })
    const second = hold()

    await pass(100)

    expect([second.tries, count()]).toEqual([[100], 1])
  })

  it('are known by their connection while they are held', async () => {
    const { hold, isHeld } = setUp()
    expect(isHeld(ONE)).toBe(false)
    hold()

    expect([isHeld(ONE), isHeld(TWO)]).toEqual([true, false])
    await pass(100)
    expect(isHeld(ONE)).toBe(false)
  })
})

describe('idle', () => {
  it('waits for everything that is held, and for what is held meanwhile', async () => {
    const { hold, idle } = setUp()
    let isIdle = false
    hold({ refusals: 1 })
    void idle().then(() => {
      isIdle = true
    })

    await pass(299)
    hold()
    await pass(99)
    expect(isIdle).toBe(false)
    await pass(1)

    expect(isIdle).toBe(true)
  })

  it('is so at once when nothing is held', async () => {
    await expect(setUp().idle()).resolves.toBeUndefined()
  })
})

describe('abandon', () => {
  it('names every loss, and nothing is tried any more', async () => {
    const { hold, count, idle, abandon, events } = setUp()
    const both = [hold({ refusals: 99 }), hold({ refusals: 99 })]
    await pass(100)

    abandon()
    expect(count()).toBe(0)
    await pass(10_000)
    await idle()

    expect(both.map(({ tries }) => tries)).toEqual([[100], [100]])
    expect(both.map(({ lost }) => lost)).toEqual([[100], [100]])
    const lost = events().filter(([, event]) => event === 'held_tokens_lost')
    expect(lost).toEqual(Array(2).fill(['error', 'held_tokens_lost', ONE, 'attempt-1', undefined]))
  })

  it('loses nothing where nothing is held', async () => {
    const { hold, abandon, events } = setUp()
    const { lost } = hold()
    await pass(100)

    abandon()

    expect(lost).toEqual([])
    expect(events().map(([, event]) => event)).toEqual(['tokens_held', 'held_tokens_stored'])
  })
})
