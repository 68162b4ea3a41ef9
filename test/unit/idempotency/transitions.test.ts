import { describe, expect, it } from '@jest/globals'
import { claimKey, judge, keepAnswer, releaseKey } from '../../../src/idempotency/transitions.ts'

const T0 = 1_000_000_000_000
const CLAIM_MS = 30_000
const RETENTION_MS = 86_400_000
const MINE = { id: 'idem_1', fingerprint: 'body-1', claim: 'request-1' }
const SEALED = { dataKey: 'v1.key', answer: 'v1.answer' }

const claimed = claimKey(MINE, T0, CLAIM_MS)
const answered = keepAnswer(claimed, 'request-1', SEALED, T0 + RETENTION_MS) ?? claimed
const released = releaseKey(claimed, 'request-1', T0 + 5) ?? claimed

describe('a key', () => {
  it.each([
    ['claimed', 'body-1', 0, 'in_progress'],
    ['claimed', 'body-1', CLAIM_MS - 1, 'in_progress'],
    ['claimed', 'body-1', CLAIM_MS, 'abandoned'],
    ['claimed', 'body-2', CLAIM_MS - 1, 'reused'],
    ['claimed', 'body-2', CLAIM_MS, 'abandoned'],
    ['answered', 'body-1', 0, 'answered'],
    ['answered', 'body-1', RETENTION_MS - 1, 'answered'],
    ['answered', 'body-1', RETENTION_MS, 'free'],
    ['answered', 'body-2', RETENTION_MS - 1, 'reused'],
    ['answered', 'body-2', RETENTION_MS, 'free'],
    ['released', 'body-1', 5, 'free'],
    ['released', 'body-2', 5, 'free'],
  ] as const)('that is %s, asked for with %s after %d ms, is %s', (phase, fingerprint, age, is) => {
    const record = { claimed, answered, released }[phase]

    expect(record.phase).toBe(phase)
    expect(judge(record, { fingerprint }, T0 + age)).toBe(is)
  })

  it('that was released is free also for a clock that went back', () => {
    expect(judge(released, { fingerprint: 'body-2' }, T0)).toBe('free')
  })

  it('that is claimed again holds nothing of what was there before', () => {
    expect(claimKey({ ...MINE, fingerprint: 'body-2', claim: 'request-2' }, T0, 1)).toEqual({
      format: 1,
      type: 'idempotent_answer',
      id: 'idem_1',
      fingerprint: 'body-2',
      phase: 'claimed',
      claim: 'request-2',
      until: T0 + 1,
    })
  })
})

describe('the request that has the claim', () => {
  it('leaves its answer, for the time that answers are kept', () => {
    expect(answered).toEqual({ ...claimed, phase: 'answered', until: T0 + RETENTION_MS, ...SEALED })
  })

  it('gives the key back', () => {
    expect(released).toEqual({ ...claimed, phase: 'released', until: T0 + 5 })
  })

  it.each([
    ['was taken over', { ...claimed, claim: 'request-2' }],
    ['has been answered', answered],
    ['was given back', released],
  ])('changes nothing when its key %s', (_what, record) => {
    expect(keepAnswer(record, 'request-1', SEALED, T0)).toBeNull()
    expect(releaseKey(record, 'request-1', T0)).toBeNull()
  })
})
