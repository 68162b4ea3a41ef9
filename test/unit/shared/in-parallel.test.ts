import { expect, it } from '@jest/globals'
import { inParallel } from '../../../src/shared/in-parallel.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

it.each([1, 3, 50])('does everything once, at most %d at a time', async (limit) => {
  const done: number[] = []
  let running = 0
  let most = 0

  await inParallel(numbers(20), limit, async (n) => {
    running += 1
    most = Math.max(most, running)
    await turn()
    running -= 1
    done.push(n)
  })

  expect(done.toSorted((a, b) => a - b)).toEqual(numbers(20))
  expect(most).toBe(Math.min(limit, 20))
})

it('begins nothing more after a failure, throws the first, and leaves nothing under way', async () => {
  const begun: number[] = []
  const ended: number[] = []

  const work = inParallel(numbers(20), 2, async (n) => {
    begun.push(n)
    await turn()
    if (n === 2) throw new Error('the third')
    await turn()
    ended.push(n)
  })

  await expect(work).rejects.toThrow('the third')
  expect(begun).toEqual([0, 1, 2, 3])
  expect(ended).toEqual([0, 1, 3])
})

it('does nothing where there is nothing', async () => {
  await expect(inParallel([], 4, () => Promise.reject(new Error('called')))).resolves.toBe(
    undefined,
  )
})
