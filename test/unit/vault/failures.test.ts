import { describe, expect, it } from '@jest/globals'
import { KnoxError, type KnoxFailureKind } from '../../../src/knox/kind.ts'
import { type TokenFailureKind, TokenRequestError } from '../../../src/samsung-account/tokens.ts'
import { knoxFailure, tokenFailure } from '../../../src/vault/failures.ts'

const REASONS = ['timeout', 'unreachable', 'malformed', 'refused', 'rate_limited', 'unavailable']

describe('tokenFailure', () => {
  const upstream = { service: 'samsung-account', status: 400, code: 'AUT_1802' } as const

  it.each([
    ['not_sent', 'timeout', 'upstream_unreachable'],
    ['customer', 'refused', 'consent_required'],
    ['operator', 'refused', 'upstream_refused_client'],
    ['ambiguous', 'timeout', 'refresh_outcome_unknown'],
    ['transient', 'rate_limited', 'upstream_rate_limited'],
    ['transient', 'unavailable', 'upstream_unavailable'],
    ['transient', 'unreachable', 'upstream_unreachable'],
    ['transient', 'timeout', 'upstream_timeout'],
    ['transient', 'malformed', 'upstream_malformed'],
    ['transient', 'refused', 'upstream_unavailable'],
  ] as const)('tells %s (%s) as %s', (kind, reason, code) => {
    const told = tokenFailure(new TokenRequestError(kind, reason, upstream))

    expect(told.code).toBe(code)
    expect(told.extras.upstream).toEqual(upstream)
  })

  it.each([
    [undefined, 1],
    [0, 1],
    [1, 1],
    [2, 2],
    [300, 300],
  ])('passes on that Samsung asks to wait for %p s as %i s', (seconds, told) => {
    const wait = (kind: TokenFailureKind, reason: string) =>
      tokenFailure(new TokenRequestError(kind, reason, upstream, seconds)).extras.retryAfterSeconds

    expect(wait('transient', 'rate_limited')).toBe(told)
    expect(wait('ambiguous', 'unavailable')).toBe(told)
  })

  it('asks for the customer only when Samsung blamed the token', () => {
    const kinds: TokenFailureKind[] = ['not_sent', 'operator', 'transient', 'ambiguous']
    for (const kind of kinds)
      for (const reason of REASONS)
        expect(tokenFailure(new TokenRequestError(kind, reason, upstream)).owner).not.toBe(
          'customer',
        )
  })
})

describe('knoxFailure', () => {
  const upstream = { service: 'knox', status: 401, code: '4010011', errorId: 'e-1' } as const

  it.each([
    ['operator', 'refused', 'upstream_refused_client'],
    ['idp_token', 'refused', 'upstream_refused_client'],
    ['knox_token', 'refused', 'upstream_refused'],
    ['unknown', 'refused', 'upstream_refused'],
    ['trust', 'refused', 'trust_missing'],
    ['transient', 'rate_limited', 'upstream_rate_limited'],
    ['transient', 'timeout', 'upstream_timeout'],
    ['transient', 'anything else', 'upstream_unavailable'],
  ] as const)('tells %s (%s) as %s, with Samsung’s words', (kind, reason, code) => {
    const told = knoxFailure(new KnoxError(kind, reason, upstream))

    expect(told.code).toBe(code)
    expect(told.extras.upstream).toEqual(upstream)
  })

  it('passes on how long Samsung wants us to wait, or a second', () => {
    const wait = (seconds?: number) =>
      knoxFailure(new KnoxError('transient', 'rate_limited', upstream, seconds)).extras
        .retryAfterSeconds

    expect(wait(17)).toBe(17)
    expect(wait(0)).toBe(1)
    expect(wait()).toBe(1)
  })

  it('names the partner ID where trust is missing, and nowhere else', () => {
    const partnerOf = (kind: KnoxFailureKind) =>
      knoxFailure(new KnoxError(kind, 'refused', upstream), '123').extras.partnerId

    expect(partnerOf('trust')).toBe('123')
    expect(partnerOf('operator')).toBeUndefined()
  })
})
