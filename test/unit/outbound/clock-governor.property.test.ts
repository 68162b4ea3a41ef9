import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createClockWorld, MINUTE, SECOND } from './clock-world.ts'

const LIMIT = 5 * MINUTE
const anySkew = fc.oneof(
  fc.integer({ min: -400_000, max: 400_000 }),
  fc.integer({ min: -1e11, max: 1e11 }),
)
const host = fc.constantFrom('knox', 'account', 'other')

/** Anything that can happen to a governor. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('observe' as const), host, skewMs: anySkew }),
  fc.record({ kind: fc.constant('refused' as const), host, skewMs: anySkew }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(2 * 3_600_000) }),
  fc.record({ kind: fc.constant('set' as const), ms: anySkew }),
)

it('never corrects by more than five minutes, and by nothing while it rings', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { governor, observe, answer, time } = createClockWorld()
      for (const one of steps) {
        if (one.kind === 'observe') observe(one.host, one.skewMs)
        else if (one.kind === 'refused') governor.refused(one.host, answer(one.skewMs))
        else time[one.kind](one.ms)
        const { correctionMs, beyondLimit, skewMs } = governor.state()
        expect(Math.abs(correctionMs)).toBeLessThanOrEqual(LIMIT)
        expect(Number.isInteger(correctionMs / SECOND)).toBe(true)
        if (beyondLimit || skewMs === null) expect(correctionMs).toBe(0)
      }
    }),
  )
})

it('is moved by no single odd answer among honest ones, and stays within two seconds of the truth', () => {
  const truth = fc.integer({ min: -299, max: 299 }).map((seconds) => seconds * SECOND)
  const honest = fc.array(host, { minLength: 2, maxLength: 40 })
  fc.assert(
    fc.property(truth, honest, fc.array(host, { maxLength: 40 }), host, anySkew, (...drawn) => {
      const [skewMs, before, after, liar, odd] = drawn
      const { governor, observe } = createClockWorld()
      for (const one of before) observe(one, skewMs)
      observe(liar, odd)
      for (const one of after) {
        expect(Math.abs(governor.correctionMs() - skewMs)).toBeLessThanOrEqual(2 * SECOND)
        observe(one, skewMs)
      }
      expect(Math.abs(governor.correctionMs() - skewMs)).toBeLessThanOrEqual(2 * SECOND)
    }),
  )
})
