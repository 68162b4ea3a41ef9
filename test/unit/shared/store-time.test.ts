import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { ServiceError } from '../../../src/shared/errors.ts'
import { detach, limitStoreTime, spendStoreTime } from '../../../src/shared/store-time.ts'

const LIMIT_MS = 1000

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  // Whatever was waited for has let go of its timer.
  expect(jest.getTimerCount()).toBe(0)
  jest.useRealTimers()
})

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A call to the store that takes its time. */
const call = (ms: number) => spendStoreTime(() => pause(ms).then(() => 'answer'))
const failingCall = () =>
  spendStoreTime(() => Promise.reject(new ServiceError('store_unavailable')))

/** Runs a request; what became of it, and after how long. */
function request(work: () => Promise<unknown>, limitMs = LIMIT_MS) {
  const startedAt = performance.now()
  const seen: { outcome?: unknown; afterMs?: number } = {}
  const end = (outcome: unknown) => {
    seen.outcome = outcome
    seen.afterMs = performance.now() - startedAt
  }
  limitStoreTime(limitMs, work).then(end, (error: unknown) =>
    end(error instanceof ServiceError ? error.code : error),
  )
  return seen
}

const LATE = { outcome: 'store_unavailable', afterMs: LIMIT_MS }

describe('a request', () => {
  it('gets the answer of a call that is in time', async () => {
    const seen = request(() => call(LIMIT_MS - 1))
    await pass(LIMIT_MS - 1)

    expect(seen).toEqual({ outcome: 'answer', afterMs: LIMIT_MS - 1 })
  })

  it('is refused when one call takes as long as the limit', async () => {
    const seen = request(() => call(LIMIT_MS + 1))
    await pass(LIMIT_MS)

    expect(seen).toEqual(LATE)
    await pass(1)
  })

  it('is refused when its calls take longer together, one after the other', async () => {
    const seen = request(async () => {
      for (let calls = 0; calls < 5; calls++) await call(400)
    })
    await pass(2000)

    expect(seen).toEqual(LATE)
  })

  it('is charged once for calls at the same time', async () => {
    const seen = request(async () => {
      await Promise.all([call(600), call(600), call(300)])
      return call(399)
    })
    await pass(999)

    expect(seen).toEqual({ outcome: 'answer', afterMs: 999 })
  })

  it('has all its calls at the same time refused together', async () => {
    const seen = request(() => Promise.allSettled([call(1200), call(1200)]))
    await pass(1200)

    const refused = { status: 'rejected', reason: expect.any(ServiceError) }
    expect(seen).toEqual({ outcome: [refused, refused], afterMs: LIMIT_MS })
  })

  it('is not charged for what it waits for besides', async () => {
    const seen = request(async () => {
      await call(500)
      await pause(5000)
      return call(499)
    })
    await pass(5999)

    expect(seen).toEqual({ outcome: 'answer', afterMs: 5999 })
  })

  it('sends nothing more once its time is up', async () => {
    const sent = jest.fn(async () => 'answer')
    const seen = request(async () => {
      await call(1200).catch(() => {})
      await pause(5000)
      return spendStoreTime(sent)
    })
    await pass(6000)

    expect(seen).toMatchObject({ outcome: 'store_unavailable', afterMs: 6000 })
    expect(sent).not.toHaveBeenCalled()
  })

  it('gets what was agreed on instead of an answer that is late', async () => {
    const late = () =>
      spendStoreTime(() => pause(1200).then(() => 'won'), { unanswered: 'unknown' })
    const seen = request(late)
    await pass(1200)

    expect(seen).toEqual({ outcome: 'unknown', afterMs: LIMIT_MS })
  })

  it('does not lend its time to another one', async () => {
    const first = request(() => call(1200))
    await pass(500)
    const second = request(() => call(900))
    await pass(900)

    expect(first).toEqual(LATE)
    expect(second).toEqual({ outcome: 'answer', afterMs: 900 })
  })

  it('keeps one limit where two are set', async () => {
    const seen = request(() => limitStoreTime(9000, () => call(1200)))
    await pass(1200)

    expect(seen).toEqual(LATE)
  })

  it('has no limit any more once it is lifted, not even for what is under way', async () => {
    let lift = () => {}
    const seen = request(() =>
      limitStoreTime(LIMIT_MS, (given) => {
        lift = given
        return call(3000).then(() => call(3000))
      }),
    )
    await pass(500)
    lift()
    await pass(5500)

    expect(seen).toEqual({ outcome: 'answer', afterMs: 6000 })
  })
})

describe('from a call that failed until one that is answered', () => {
  it('all time counts, pauses between tries too', async () => {
    const seen = request(async () => {
      for (;;) {
        try {
          return await failingCall()
        } catch (error) {
          if (error instanceof ServiceError && error.extras.detail !== undefined) throw error
          await pause(300)
        }
      }
    })
    await pass(1200)

    expect(seen).toEqual({ outcome: 'store_unavailable', afterMs: 1200 })
  })

  it('no time counts twice, and none after the answer', async () => {
    const seen = request(async () => {
      await failingCall().catch(() => {})
      await pause(400)
      await call(200)
      await pause(5000)
      return call(399)
    })
    await pass(5999)

    expect(seen).toEqual({ outcome: 'answer', afterMs: 5999 })
  })

  it('an answer that does not show that the store is there does not end it', async () => {
    const unsure = () => spendStoreTime(async () => false, { isAnswer: (sure) => sure })
    const seen = request(async () => {
      await unsure()
      await pause(LIMIT_MS)
      return unsure()
    })
    await pass(LIMIT_MS)

    expect(seen).toEqual(LATE)
  })
})

describe('detached work', () => {
  it('has no limit, whoever started it', async () => {
    const seen = request(() => detach(() => call(5000)).done)
    await pass(5000)

    expect(seen).toEqual({ outcome: 'answer', afterMs: 5000 })
  })

  it('lets a caller go who cannot wait for the store any longer, and goes on', async () => {
    const flight = detach(() => call(5000))
    const seen = request(() => flight.join())
    await pass(LIMIT_MS)

    expect(seen).toEqual(LATE)
    await pass(4000)
    expect(await flight.done).toBe('answer')
  })

  it('is on the account of each caller from when he joins', async () => {
    const flight = detach(() => call(1500))
    await pass(501)
    const seen = [request(() => flight.join()), request(() => flight.join(), 900)]
    await pass(999)

    expect(seen).toEqual([
      { outcome: 'answer', afterMs: 999 },
      { outcome: 'store_unavailable', afterMs: 900 },
    ])
  })

  it('counts together with what its caller has waited before and waits afterwards', async () => {
    const seen = request(async () => {
      await call(400)
      await detach(() => call(400)).join()
      return call(400)
    })
    await pass(1200)

    expect(seen).toEqual(LATE)
  })

  it('is waited for as long as it takes while it waits for something else', async () => {
    const work = () =>
      call(300)
        .then(() => pause(9000))
        .then(() => call(300))
    const seen = request(() => detach(work).join())
    await pass(9600)

    expect(seen).toEqual({ outcome: 'answer', afterMs: 9600 })
  })

  it('is waited for no longer than the limit while it pauses because the store is away', async () => {
    const work = () => failingCall().catch(() => pause(9000))
    const flight = detach(work)
    await pass(100)
    const seen = request(() => flight.join())
    await pass(9000)

    expect(seen).toEqual(LATE)
  })

  it('gives its failure to those who wait', async () => {
    const seen = request(() =>
      detach(() => Promise.reject(new ServiceError('consent_required'))).join(),
    )
    await pass(0)

    expect(seen.outcome).toBe('consent_required')
  })

  it('passes on what it waits for in work that it started itself', async () => {
    const seen = request(() => detach(() => detach(() => call(5000)).join()).join())
    await pass(5000)

    expect(seen).toEqual(LATE)
  })
})

it('limits nothing outside of a request', async () => {
  const answer = call(60_000)
  await pass(60_000)

  expect(await answer).toBe('answer')
})
