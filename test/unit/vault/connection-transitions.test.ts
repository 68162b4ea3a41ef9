import { describe, expect, it } from '@jest/globals'
import { commitTokenSet } from '../../../src/vault/commit-transitions.ts'
import {
  keepKnoxToken,
  newConnection,
  noteError,
  noteTrust,
  reconnect,
  tombstoneOf,
} from '../../../src/vault/connection-transitions.ts'
import {
  type Connection,
  consentBinding,
  type LastError,
  parseRecord,
} from '../../../src/vault/record.ts'
import { beginRefresh } from '../../../src/vault/refresh-transitions.ts'
import { aConnection, KNOX_TOKEN, must, T0, withKnoxToken } from './support/records.ts'
import { MINUTE } from './support/samsung.ts'

const TOKENS = {
  rotated: false,
  accessToken: 'v1.access-2',
  accessExpiresAt: T0 + 1000,
  issuedAt: T0,
  refreshToken: 'v1.refresh-2',
}

describe('newConnection', () => {
  const made = {
    id: 'conn_00000000000000000000000000000000',
    portalId: 'acme',
    tenantRef: 'tenant-1',
    program: 'emm-eu',
    kind: 'samsung-account',
    dataKey: 'v1.k1.wrapped',
    tokens: TOKENS,
    attempt: 'a1',
  } as const

  it('is of generation 1, healthy, and knows the consent that made it', () => {
    const connection = newConnection(made, T0)

    expect(connection).toMatchObject({ generation: 1, createdAt: T0, updatedAt: T0 })
    expect(consentBinding(connection)).toEqual({
      id: 'b1',
      program: 'emm-eu',
      kind: 'samsung-account',
      consent: { by: 'a1', at: T0 },
      tokenSet: {
        generation: 1,
        committedBy: 'a1',
        accessToken: 'v1.access-2',
        accessExpiresAt: T0 + 1000,
        issuedAt: T0,
        refreshToken: 'v1.refresh-2',
      },
      refresh: { state: 'ok', since: T0, failures: 0 },
    })
  })

  it('says who the customer is, as far as it is known', () => {
    const account = { id: 'ada', email: 'v1.email' }
    const known = newConnection({ ...made, tenantName: 'ACME', account }, T0)

    expect(known.tenantName).toBe('ACME')
    expect(consentBinding(known).account).toEqual(account)
    expect(newConnection(made, T0)).not.toHaveProperty('tenantName')
    expect(consentBinding(newConnection(made, T0))).not.toHaveProperty('account')
  })

  it('reads back as it was written, with every optional field and with none', () => {
    const full = newConnection(
      { ...made, tenantName: 'ACME', account: { id: 'ada', email: 'v1.email' } },
      T0,
    )
    for (const connection of [full, newConnection(made, T0)])
      expect(parseRecord(JSON.stringify(connection))).toEqual(connection)
  })
})

describe('reconnect', () => {
  const before = withKnoxToken(
    aConnection({
      refresh: { state: 'consent_required', failures: 4, reason: 'refused' },
      binding: {
        account: { id: 'ada', email: 'v1.email' },
        trust: { present: false, checkedAt: T0 },
        lastError: { at: T0, code: 'consent_required', owner: 'customer' },
      },
    }),
  )

  it('keeps the connection and takes nothing of the old consent along', () => {
    const account = { id: 'ben' }

    const after = must(reconnect(before, { tokens: TOKENS, attempt: 'a2', account }, T0 + 1))

    expect(after).toMatchObject({ id: before.id, createdAt: T0, updatedAt: T0 + 1, generation: 2 })
    expect(consentBinding(after)).toEqual({
      id: 'b1',
      program: 'emm-eu',
      kind: 'samsung-account',
      account,
      consent: { by: 'a2', at: T0 },
      tokenSet: {
        generation: 2,
        committedBy: 'a2',
        accessToken: 'v1.access-2',
        accessExpiresAt: T0 + 1000,
        issuedAt: T0,
        refreshToken: 'v1.refresh-2',
      },
      refresh: { state: 'ok', since: T0 + 1, failures: 0 },
    })
  })

  it('keeps the customer’s name unless it is given another', () => {
    const named = { ...before, tenantName: 'Old' }
    const nameAfter = (tenantName?: string) =>
      reconnect(
        named,
        { tokens: TOKENS, attempt: 'a2', ...(tenantName === undefined ? {} : { tenantName }) },
        T0,
      )?.tenantName

    expect(nameAfter()).toBe('Old')
    expect(nameAfter('New')).toBe('New')
  })

  it('fences off a renewal that is still under way', () => {
    const attempt = { attempt: 'late', generation: 1 }
    const begun = beginRefresh(aConnection(), attempt, 12_000, T0)
    const running = begun.kind === 'begun' ? begun.next : before

    const after = must(reconnect(running, { tokens: TOKENS, attempt: 'a2' }, T0))

    expect(commitTokenSet(after, attempt, TOKENS, T0)).toBeNull()
  })

  it('leaves a freeze in force', () => {
    const frozen = aConnection({ connection: { frozenAt: T0 } })

    expect(reconnect(frozen, { tokens: TOKENS, attempt: 'a2' }, T0)?.frozenAt).toBe(T0)
  })

  const consented = (by: string, at: number): Connection =>
    aConnection({ binding: { consent: { by, at } } })

  it('knows its own consent again, also when it has been renewed since', () => {
    const attempt = { attempt: 'renewal', generation: 2 }
    const after = must(reconnect(before, { tokens: TOKENS, attempt: 'a2' }, T0))
    const renewed = must(commitTokenSet(after, attempt, TOKENS, T0 + 1))

    expect(reconnect(renewed, { tokens: TOKENS, attempt: 'a2' }, T0 + 2)).toBeNull()
  })

  it.each([
    ['over an older one', T0 - 1, 2],
    ['over one of the same moment', T0, 2],
    ['not over a newer one', T0 + 1, undefined],
  ])('stands %s', (_, at, generation) => {
    const made = { tokens: TOKENS, attempt: 'a2' }

    expect(reconnect(consented('other', at), made, T0)?.generation).toBe(generation)
  })
})

it('leaves of a deleted connection its id, its portal and when, and nothing else', () => {
  const tombstone = tombstoneOf(withKnoxToken(aConnection()), T0 + 1)

  expect(tombstone).toEqual({
    format: 1,
    type: 'tombstone',
    id: aConnection().id,
    portalId: 'acme',
    deletedAt: T0 + 1,
  })
})

describe('keepKnoxToken', () => {
  const token = { ...KNOX_TOKEN, tokenId: 'id-2', mintedAt: T0 + 5 }
  const end = KNOX_TOKEN.expiresAt

  it.each([
    ['ends later', { expiresAt: end + 1 }, undefined, 'id-2'],
    ['ends at the same time', { expiresAt: end }, undefined, 'id-2'],
    ['ends earlier', { expiresAt: end - 1 }, undefined, 'id-1'],
    ['ends earlier and another was refused', { expiresAt: end - 1 }, 'id-0', 'id-1'],
    ['ends earlier and the kept one was refused', { expiresAt: end - 1 }, 'id-1', 'id-2'],
  ])('of two tokens, when the new one %s, keeps the better', (_, changes, replaces, kept) => {
    const before = withKnoxToken(aConnection())

    const after = keepKnoxToken(before, { ...token, ...changes }, replaces, T0 + 5) ?? before

    expect(consentBinding(after).knoxToken?.tokenId).toBe(kept)
  })

  it('takes the first one, and forgets the last error with it', () => {
    const lastError = { at: T0, code: 'upstream_timeout', owner: 'samsung' } as const

    const after = keepKnoxToken(aConnection({ binding: { lastError } }), token, undefined, T0 + 5)

    expect(after && consentBinding(after).knoxToken).toEqual(token)
    expect(after && consentBinding(after)).not.toHaveProperty('lastError')
  })

  it('does not move the generation, so that no holder of a refresh token is fenced off', () => {
    expect(keepKnoxToken(aConnection(), token, undefined, T0)?.generation).toBe(1)
  })

  it('does not keep what was made from a token set that is gone', () => {
    const reconnected = must(reconnect(aConnection(), { tokens: TOKENS, attempt: 'a2' }, T0))

    expect(keepKnoxToken(reconnected, token, undefined, T0)).toBeNull()
    expect(keepKnoxToken(reconnected, { ...token, generation: 2 }, undefined, T0)).not.toBeNull()
  })
})

describe('noteError', () => {
  const error: LastError = { at: T0, code: 'upstream_timeout', owner: 'samsung' }
  const noted = aConnection({ binding: { lastError: error } })

  it.each([
    ['the same within a minute', { at: T0 + MINUTE - 1 }, false],
    ['the same after a minute', { at: T0 + MINUTE }, true],
    ['another code', { at: T0 + 1, code: 'upstream_refused' }, true],
    ['another code of Samsung', { at: T0 + 1, upstreamCode: '4010011' }, true],
  ])('of %s: writes %j %j', (_, changes, writes) => {
    const after = noteError(noted, { ...error, ...changes })

    expect(after !== null).toBe(writes)
    if (after !== null) expect(consentBinding(after).lastError).toEqual({ ...error, ...changes })
  })
})

describe('noteTrust', () => {
  const ID = KNOX_TOKEN.tokenId
  const known = (present: boolean, lastError?: LastError) =>
    aConnection({
      binding: {
        knoxToken: KNOX_TOKEN,
        trust: { present, checkedAt: T0 },
        ...(lastError === undefined ? {} : { lastError }),
      },
    })
  const error: LastError = { at: T0, code: 'upstream_timeout', owner: 'samsung' }

  it.each([
    ['the same within a minute', known(true), true, MINUTE - 1, false],
    ['the same after a minute', known(true), true, MINUTE, true],
    ['a change at once', known(true), false, 0, true],
    ['a change back at once', known(false), true, 0, true],
    ['what was not known', withKnoxToken(aConnection()), false, 0, true],
    ['that it works although an error is noted', known(true, error), true, 0, true],
    ['that it fails although an error is noted', known(false, error), false, 0, false],
  ])('of %s', (_, before, present, age, writes) => {
    const after = noteTrust(before, present, ID, T0 + age)

    expect(after !== null).toBe(writes)
    if (after !== null)
      expect(consentBinding(after).trust).toEqual({ present, checkedAt: T0 + age })
  })

  it('does not believe a token that is not kept any more', () => {
    expect(noteTrust(known(true), false, 'id-0', T0)).toBeNull()
    expect(noteTrust(aConnection(), false, ID, T0)).toBeNull()
  })

  it('forgets an error once Knox has served, and keeps it while trust is missing', () => {
    const lastErrorAfter = (present: boolean) => {
      const after = noteTrust(known(!present, error), present, ID, T0)
      return after && consentBinding(after).lastError
    }

    expect(lastErrorAfter(true)).toBeUndefined()
    expect(lastErrorAfter(false)).toEqual(error)
  })
})
