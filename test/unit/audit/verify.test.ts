import { describe, expect, it } from '@jest/globals'
import { canonical } from '../../../src/audit/entry.ts'
import { exportLine } from '../../../src/audit/entry-line.ts'
import { chainOf, forged, headOf, verify } from './support/chains.ts'

const a = chainOf('a', 6, true)
const b = chainOf('b', 4)
const interleaved = [a[0], b[0], a[1], a[2], b[1], b[2], a[3], b[3], a[4], a[5]].flatMap(
  (one) => one ?? [],
)
const at = (n: number) => {
  const entry = a[n]
  if (entry === undefined) throw new Error('no such entry')
  return entry
}
const without = (n: number) => a.filter((_, index) => index !== n)

it('finds nothing in whole chains, however they are mixed', () => {
  const { chains, bad } = verify(interleaved, { complete: true })

  expect(bad).toEqual([])
  expect(chains).toEqual([
    { ...headOf(a), first: 1, entries: 6, ended: true },
    { ...headOf(b), first: 1, entries: 4, ended: false },
  ])
})

it('takes the lines of an export as well', () => {
  const lines = a.map((entry, n) => exportLine(`17-${n}`, canonical(entry)))

  expect(verify(lines).bad).toEqual([])
})

describe('names the first bad entry:', () => {
  it('one that was altered', () => {
    const lines = [...a.slice(0, 2), { ...at(2), outcome: 'changed' }, ...a.slice(3)]

    expect(verify(lines).bad).toEqual([{ fault: 'altered', processId: 'a', seq: 3, at: '2' }])
  })

  it('one that was altered and given a new hash, by the one behind it', () => {
    const lines = [...a.slice(0, 2), forged(at(2), { outcome: 'changed' }), ...a.slice(3)]

    expect(verify(lines).bad).toEqual([{ fault: 'altered', processId: 'a', seq: 3, at: '2' }])
  })

  it('one that says the same in other letters', () => {
    const lines = [...a.slice(0, 2), JSON.stringify({ ...at(2), event: 'token_minted' }, null, 1)]

    expect(verify(lines).bad).toMatchObject([{ fault: 'altered', seq: 3 }])
  })

  it('one that is missing', () => {
    expect(verify(without(3)).bad).toEqual([{ fault: 'missing', processId: 'a', seq: 4, at: '3' }])
  })

  it('one that is there twice, side by side or far away', () => {
    expect(verify([...a.slice(0, 3), at(2), ...a.slice(3)]).bad).toMatchObject([
      { fault: 'duplicated', seq: 3, at: '3' },
    ])
    expect(verify([...a, at(1)]).bad).toMatchObject([{ fault: 'duplicated', seq: 2, at: '6' }])
  })

  it('one that was moved back, where it is now', () => {
    const [one, two, three, ...rest] = a
    const lines = [one, three, two, ...rest].flatMap((entry) => entry ?? [])

    expect(verify(lines).bad).toEqual([{ fault: 'out_of_order', processId: 'a', seq: 2, at: '2' }])
  })

  it('a line that is no entry', () => {
    const lines = [...a, '{"v":1}', 'text', '[]', 'null', canonical({ ...at(1), v: 2 })]

    const { bad } = verify(lines)

    expect(bad.map(({ fault, at: place }) => [fault, place])).toEqual(
      ['6', '7', '8', '9', '10'].map((place) => ['unreadable', place]),
    )
  })

  it('and goes on with the other chains', () => {
    const lines = [...without(3), ...b.slice(0, 2), { ...b[2], outcome: 'x' }] as typeof a

    expect(verify(lines).bad).toMatchObject([
      { fault: 'missing', processId: 'a', seq: 4 },
      { fault: 'altered', processId: 'b', seq: 3 },
    ])
  })
})

describe('a chain without its beginning', () => {
  it('is taken for trimmed, and says where it begins', () => {
    const { chains, bad } = verify(a.slice(2))

    expect(bad).toEqual([])
    expect(chains).toMatchObject([{ first: 3, entries: 4 }])
  })

  it('is bad where nothing was trimmed', () => {
    expect(verify(a.slice(2), { complete: true }).bad).toEqual([
      { fault: 'missing', processId: 'a', seq: 1, at: '0' },
    ])
  })

  it('is bad where its first entry claims to have none before it, or entry 1 to have one', () => {
    const headless = forged(at(1), { prev: '' })
    const late = forged(at(0), { prev: at(1).hash })

    expect(verify([headless]).bad).toMatchObject([{ fault: 'altered', seq: 2 }])
    expect(verify([late]).bad).toMatchObject([{ fault: 'altered', seq: 1 }])
  })
})

describe('a checkpoint', () => {
  it('holds where the chain has grown since', () => {
    expect(verify(a, { checkpoints: [headOf(a.slice(0, 3))] }).bad).toEqual([])
  })

  it('finds a chain that was cut off', () => {
    expect(verify(a.slice(0, 4), { checkpoints: [headOf(a)] }).bad).toEqual([
      { fault: 'missing', processId: 'a', seq: 5, at: '3' },
    ])
  })

  it('finds a chain that was made anew', () => {
    const anew = chainOf('a', 6)
    const [first, ...rest] = anew.map((entry) => ({ ...entry, portal: 'other' }))
    const made = [first, ...rest].flatMap((entry) => (entry === undefined ? [] : [entry]))
    let prev = ''
    const chained = made.map((entry) => {
      const next = forged(entry, { prev })
      prev = next.hash
      return next
    })

    expect(verify(chained).bad).toEqual([])
    expect(verify(chained, { checkpoints: [headOf(a.slice(0, 3))] }).bad).toMatchObject([
      { fault: 'altered', seq: 3 },
    ])
  })

  it('finds a chain that is not there at all, unless that is older than all there is', () => {
    const early = { ...headOf(b), processId: 'gone', time: '2026-11-19T12:00:00.000Z' }
    const late = { ...early, time: '2026-11-20T18:00:01.000Z' }
    const timeless = { processId: 'gone', seq: 4, hash: 'x' }

    expect(verify(a, { checkpoints: [early] }).bad).toEqual([])
    for (const one of [late, timeless])
      expect(verify(a, { checkpoints: [one] }).bad).toEqual([
        { fault: 'missing', processId: 'gone', seq: 4, at: 'nowhere' },
      ])
    expect(verify([], { checkpoints: [early] }).bad).toHaveLength(1)
  })
})
