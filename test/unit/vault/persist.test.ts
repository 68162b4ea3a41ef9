import { describe, expect, it } from '@jest/globals'
import { type ErrorCode, ServiceError } from '../../../src/shared/errors.ts'
import { isStoreAway, persist } from '../../../src/vault/persist.ts'
import { codeOf } from './support/world.ts'

/** A write that fails with these, one each, and then succeeds; every try takes `tryMs`. */
function failing(codes: readonly ErrorCode[], tryMs = 0) {
  const left = [...codes]
  let now = 1000
  let tries = 0
  const write = async () => {
    tries += 1
    now += tryMs
    const code = left.shift()
    if (code !== undefined) throw new ServiceError(code)
    return 'written'
  }
  let retries = 0
  const options = {
    commitBudgetMs: 100,
    pollMs: 1,
    clock: () => now,
    onRetry: () => {
      retries += 1
    },
  }
  return { run: () => persist(write, options), tries: () => tries, retries: () => retries }
}

describe('persist', () => {
  it('goes on while the store is away', async () => {
    const { run, tries, retries } = failing([
      'store_unavailable',
      'store_not_durable',
      'store_unavailable',
    ])

    expect(await run()).toBe('written')
    expect([tries(), retries()]).toEqual([4, 3])
  })

  it('gives up at the end of its budget, with what went wrong last', async () => {
    const { run, tries } = failing(Array(99).fill('store_unavailable'), 40)

    expect(await codeOf(run())).toBe('store_unavailable')
    expect(tries()).toBe(3)
  })

  it('tries once at least', async () => {
    const { run, tries } = failing(['store_unavailable'], 500)

    expect(await codeOf(run())).toBe('store_unavailable')
    expect(tries()).toBe(1)
  })

  it.each(['account_mismatch', 'record_unreadable', 'not_found', 'internal_error'] as const)(
    'does not try %s again',
    async (code) => {
      const { run, tries } = failing([code])

      expect(await codeOf(run())).toBe(code)
      expect(tries()).toBe(1)
    },
  )
})

describe('isStoreAway', () => {
  it.each([
    [new ServiceError('store_unavailable'), true],
    [new ServiceError('store_not_durable'), true],
    [new ServiceError('record_unreadable'), false],
    [new ServiceError('not_found'), false],
    [new TypeError('store_unavailable'), false],
    [undefined, false],
  ])('of %s says %j', (error, expected) => {
    expect(isStoreAway(error)).toBe(expected)
  })
})
