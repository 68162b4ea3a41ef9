import { beforeEach, describe, expect, it } from '@jest/globals'
import { type Candidates, createCandidates } from '../../../src/breaker/candidates.ts'

let candidates: Candidates

beforeEach(() => {
  candidates = createCandidates()
})

describe('candidates', () => {
  it('come newest first, those that were held before those that were refused', () => {
    for (const id of ['a', 'b', 'a', 'c']) candidates.held(id)

    expect(candidates.inTurn(['x', 'a', 'y'])).toEqual(['c', 'a', 'b', 'y', 'x'])
  })

  it('take turns: one that was tried comes when all others were', () => {
    for (const id of ['a', 'b', 'c']) candidates.held(id)
    const tried = Array.from({ length: 6 }, () => {
      const [first = ''] = candidates.inTurn(['x'])
      candidates.tried(first)
      candidates.held(first)
      return first
    })

    expect(tried).toEqual(['c', 'b', 'a', 'x', 'c', 'b'])
  })

  it('that are dropped do not come again until they are held again', () => {
    candidates.held('a')
    candidates.tried('a')
    candidates.drop('a')
    expect(candidates.inTurn([])).toEqual([])

    candidates.held('a')

    expect(candidates.inTurn([])).toEqual(['a'])
  })

  it('are forgotten when nothing is held any more', () => {
    candidates.held('a')
    candidates.tried('b')
    candidates.clear()

    expect(candidates.inTurn(['b', 'c'])).toEqual(['c', 'b'])
  })

  it('are no more than 32, the oldest going first', () => {
    for (let i = 0; i <= 32; i++) candidates.held(`conn-${i}`)

    const all = candidates.inTurn([])
    expect(all).toHaveLength(32)
    expect([all[0], all[31]]).toEqual(['conn-32', 'conn-1'])
  })

  it('are remembered for their last 256 turns', () => {
    candidates.held('a')
    candidates.tried('a')
    for (let i = 0; i < 255; i++) candidates.tried(`conn-${i}`)
    expect(candidates.inTurn(['new', 'conn-254'])).toEqual(['new', 'a', 'conn-254'])

    candidates.tried('one more')

    expect(candidates.inTurn(['new', 'conn-254'])).toEqual(['a', 'new', 'conn-254'])
  })
})
