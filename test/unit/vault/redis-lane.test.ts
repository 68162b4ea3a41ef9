import { beforeEach, expect, it } from '@jest/globals'
import { createLane, type Lane } from '../../../src/vault/redis-lane.ts'

type Answers = readonly PromiseSettledResult<string>[]
interface Sent extends PromiseWithResolvers<Answers> {
  readonly items: readonly string[]
}

let batches: Sent[]
let lane: Lane<string, string>

beforeEach(() => {
  batches = []
  lane = createLane((items) => {
    const batch = { items, ...Promise.withResolvers<Answers>() }
    batches.push(batch)
    return batch.promise
  })
})

/** Answers a batch, and resolves when the lane has taken note. */
async function answer(n: number): Promise<void> {
  const items = batches[n]?.items ?? []
  batches[n]?.resolve(items.map((item) => ({ status: 'fulfilled', value: `${item}!` })))
  await new Promise(setImmediate)
}

it('sends at once when nothing is under way', () => {
  void lane.send('a')

  expect(batches.map(({ items }) => items)).toEqual([['a']])
})

it('sends together what has come meanwhile, in order, and answers each his own', async () => {
  const all = ['a', 'b', 'c', 'd'].map(lane.send)
  await answer(0)
  await answer(1)

  expect(batches.map(({ items }) => items)).toEqual([['a'], ['b', 'c', 'd']])
  expect(await Promise.all(all)).toEqual(['a!', 'b!', 'c!', 'd!'])
})

it('lets what one is refused touch no other', async () => {
  const first = lane.send('a')
  const [bad, good] = [lane.send('b'), lane.send('c')]
  await answer(0)
  batches[1]?.resolve([
    { status: 'rejected', reason: new Error('no') },
    { status: 'fulfilled', value: 'c!' },
  ])

  await expect(bad).rejects.toThrow('no')
  expect([await first, await good]).toEqual(['a!', 'c!'])
})

it('does not send what waits behind a batch without an answer, and goes on afterwards', async () => {
  const lost = lane.send('a')
  const behind = lane.send('b')
  batches[0]?.reject(new Error('timeout'))

  await expect(lost).rejects.toThrow('timeout')
  await expect(behind).rejects.toMatchObject({ code: 'store_unavailable' })
  const next = lane.send('c')
  await answer(1)
  expect(await next).toBe('c!')
  expect(batches.map(({ items }) => items)).toEqual([['a'], ['c']])
})
