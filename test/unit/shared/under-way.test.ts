import { expect, it } from '@jest/globals'
import { createUnderWay } from '../../../src/shared/under-way.ts'

it('is idle with nothing under way', async () => {
  await expect(createUnderWay().idle()).resolves.toBeUndefined()
})

it('gives back what it tracks, whether it succeeds or fails', async () => {
  const underWay = createUnderWay()

  expect(await underWay.track(Promise.resolve(7))).toBe(7)
  await expect(underWay.track(Promise.reject(new Error('no')))).rejects.toThrow('no')
})

it('is idle only when everything has ended, also what began while it was waited for', async () => {
  const underWay = createUnderWay()
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let isIdle = false
  underWay.track(first.promise).catch(() => {})
  const idle = underWay.idle().then(() => {
    isIdle = true
  })
  const later = underWay.track(second.promise)

  first.reject(new Error('ended badly'))
  await first.promise.catch(() => {})
  await new Promise(setImmediate)
  expect(isIdle).toBe(false)

  second.resolve()
  await later
  await idle
  expect(isIdle).toBe(true)
})
