import { expect, it } from '@jest/globals'
import { createAssertionProver } from '../../../src/access/assertion-prover.ts'
import { AUDIENCE, entryOf, makeAssertion, NOW_S } from '../../support/assertions.ts'
import { portalOf } from './support/book.ts'

/*
 * Of the slowest algorithm: a check of its signature takes a millisecond, everything else together a
 * twentieth of it, so that a check that is left out cannot be overlooked.
 */
const ALG = 'ES512'
const ROUNDS = 41

const acme = portalOf('acme')
const KEYS = [
  { portal: acme, ...entryOf(ALG, 'key-1') },
  { portal: acme, ...entryOf('ES256', 'key-2') },
  { portal: portalOf('other'), ...entryOf(ALG, 'other-1') },
]

const { prove } = createAssertionProver({ audience: AUDIENCE, clock: () => NOW_S * 1000 })
const forged = (kid: string) => makeAssertion({ alg: ALG, kid }).replace(/.{8}$/, 'AAAAAAAA')

const CASES = [
  ['a wrong signature', forged('key-1'), 'assertion_signature'],
  ['an unknown key', forged('nobody'), 'assertion_key'],
  ['a key of another algorithm', forged('key-2'), 'assertion_algorithm'],
  ['a key of another portal', forged('other-1'), 'assertion_issuer'],
] as const

it('a refusal takes as long as a check of a signature, whatever is not known', async () => {
  const times = new Map<string, number[]>(CASES.map(([name]) => [name, []]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, text, reason] of CASES) {
      const startedAt = performance.now()
      const proof = await prove(text, KEYS)
      times.get(name)?.push(performance.now() - startedAt)
      expect(proof).toMatchObject({ reason })
    }
  }
  const median = (name: string) => times.get(name)?.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0
  const [known = '', ...others] = CASES.map(([name]) => name)

  for (const name of others) {
    expect([name, median(name) > median(known) / 3]).toEqual([name, true])
    expect([name, median(name) < median(known) * 3]).toEqual([name, true])
  }
})
