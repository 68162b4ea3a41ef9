import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type AuditEntry, canonical } from '../../../src/audit/entry.ts'
import { chainOf, forged, headOf, verify } from './support/chains.ts'

const LENGTH = 12
const chains = ['a', 'b'].map((id) => chainOf(id, LENGTH))
const CHECKPOINTS = chains.map(headOf)

/** Two chains in any mixture. */
const mixed = fc
  .shuffledSubarray(
    Array.from({ length: 2 * LENGTH }, (_, n) => n % 2),
    {
      minLength: 2 * LENGTH,
    },
  )
  .map((turns) => {
    const next = [0, 0]
    return turns.flatMap((turn): readonly AuditEntry[] => {
      const n = next[turn] ?? 0
      next[turn] = n + 1
      return chains[turn]?.slice(n, n + 1) ?? []
    })
  })
const place = fc.nat({ max: 2 * LENGTH - 1 })
const whole = { complete: true, checkpoints: CHECKPOINTS }

it('a trail that nobody touched is found whole', () => {
  fc.assert(fc.property(mixed, (lines) => expect(verify(lines, whole).bad).toEqual([])))
})

it('any letter that is changed, removed or added is found', () => {
  const edit = fc.record({ at: fc.nat(), letter: fc.constantFrom('', '0', 'x', '"', ' ', '}') })
  fc.assert(
    fc.property(mixed, place, edit, fc.boolean(), (lines, n, { at, letter }, isInsertion) => {
      const before = lines[n] === undefined ? '' : canonical(lines[n])
      const position = at % before.length
      const after =
        before.slice(0, position) + letter + before.slice(position + (isInsertion ? 0 : 1))
      fc.pre(after !== before)
      const edited = [...lines.slice(0, n), after, ...lines.slice(n + 1)]

      expect(verify(edited, whole).bad).not.toEqual([])
    }),
  )
})

it('any entry that is forged, with the hash that fits, is found', () => {
  const change = fc.constantFrom(
    { outcome: 'x' },
    { portal: undefined },
    { count: 7 },
    { seq: 3 },
    { prev: 'x' },
    { process: 'c' },
  )
  fc.assert(
    fc.property(mixed, place, change, (lines, n, members) => {
      const forgery = lines[n] === undefined ? undefined : forged(lines[n], members)
      fc.pre(forgery !== undefined && forgery.hash !== lines[n]?.hash)
      const edited = lines.map((line, index) => (index === n ? (forgery ?? line) : line))

      expect(verify(edited, whole).bad).not.toEqual([])
    }),
  )
})

it('any entry that is removed, repeated or exchanged with another of its chain is found and named', () => {
  const kind = fc.constantFrom('remove', 'repeat', 'exchange')
  fc.assert(
    fc.property(mixed, place, place, kind, (lines, n, m, what) => {
      const [one, other] = [lines[n], lines[m]]
      fc.pre(one !== undefined && other !== undefined)
      fc.pre(what !== 'exchange' || (n !== m && one.process === other.process))
      const edited = {
        remove: () => lines.filter((_, index) => index !== n),
        repeat: () => [...lines.slice(0, m), one, ...lines.slice(m)],
        exchange: () =>
          lines.map((line, index) => (index === n ? other : index === m ? one : line)),
      }[what]()

      const { bad } = verify(edited, whole)

      expect(bad).toHaveLength(1)
      expect(bad[0]?.processId).toBe(one.process)
      const named = [one.seq, other.seq]
      if (what === 'remove') expect(bad[0]).toMatchObject({ fault: 'missing', seq: one.seq })
      if (what === 'exchange') expect(named).toContain(bad[0]?.seq)
    }),
  )
})
