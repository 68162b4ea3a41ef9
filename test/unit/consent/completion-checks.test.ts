import { describe, expect, it } from '@jest/globals'
import {
  assertOpen,
  assertProof,
  type CompletionProof,
} from '../../../src/consent/completion-checks.ts'
import {
  denySession,
  finishSession,
  undoExchange,
} from '../../../src/consent/session-transitions.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { sha256 } from '../../../src/shared/ids.ts'
import { aSession, exchanging, failed, HELD, held, started, T0 } from './support/sessions.ts'
import { verifierPair } from './support/world.ts'

const { verifier, challenge } = verifierPair()
const PROOF: CompletionProof = { resultCode: 'r'.repeat(43), codeVerifier: verifier }
const proven = () => ({
  ...held(),
  resultCode: sha256(PROOF.resultCode),
  codeChallenge: challenge,
})

function refusal(check: () => void): ServiceError | null {
  try {
    check()
    return null
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

describe('assertProof', () => {
  it('is satisfied by the result code together with the verifier', () => {
    expect(refusal(() => assertProof(proven(), PROOF, T0))).toBeNull()
  })

  it('says the same of each half that is wrong, and of both', () => {
    const wrong = [
      { ...PROOF, resultCode: 'x'.repeat(43) },
      { ...PROOF, codeVerifier: 'x'.repeat(43) },
      { resultCode: verifier, codeVerifier: PROOF.resultCode },
      { resultCode: '', codeVerifier: '' },
      { ...PROOF, codeVerifier: challenge },
    ].map((proof) => refusal(() => assertProof(proven(), proof, T0)))

    expect(new Set(wrong.map((error) => JSON.stringify(error?.extras))).size).toBe(1)
    expect(wrong[0]?.code).toBe('invalid_request')
    expect(wrong[0]?.extras.errors?.map(({ field }) => field)).toEqual([
      '/result_code',
      '/code_verifier',
    ])
  })

  it.each([
    ['not back yet', started(), T0, 'session_not_ready'],
    ['not back in time', started(), aSession().expiresAt, 'session_ended'],
    ['denied', denySession(started(), 'access_denied'), T0, 'session_ended'],
    ['ended by Samsung', denySession(started(), 'server_error'), T0, 'session_ended'],
  ])('has nothing to prove for a customer who is %s', (_, session, now, code) => {
    expect(refusal(() => assertProof(session, PROOF, now))?.code).toBe(code)
  })
})

it('says how a session has ended', () => {
  const detailOf = (check: () => void) => refusal(check)?.extras.detail

  expect(detailOf(() => assertOpen(failed(), T0))).toBe('the session ended with code_expired')
  expect(detailOf(() => assertProof(started(), PROOF, aSession().expiresAt))).toBe(
    'the session is expired',
  )
})

describe('assertOpen', () => {
  const { code, dataKey } = HELD

  it.each([
    ['with a code', held(), HELD.completeBy - 1, null],
    ['whose code was put back', undoExchange(exchanging(), { code, dataKey }), T0, null],
    ['whose time is over', held(), HELD.completeBy, 'code_expired'],
    ['in exchange', exchanging(), T0 + 11_999, 'completion_in_progress'],
    ['whose exchange has vanished', exchanging(), T0 + 12_000, 'session_ended'],
    ['that failed', failed(), T0, 'session_ended'],
    ['that is completed', finishSession(exchanging()), T0, 'session_ended'],
  ])('of a session %s', (_, session, now, expected) => {
    expect(refusal(() => assertOpen(session, now))?.code ?? null).toBe(expected)
  })
})
