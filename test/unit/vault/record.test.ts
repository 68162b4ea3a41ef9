import { describe, expect, it } from '@jest/globals'
import { ServiceError } from '../../../src/shared/errors.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { consentBinding, parseRecord, withCurrentBinding } from '../../../src/vault/record.ts'
import { aConnection, T0, withKnoxToken } from './support/records.ts'

const whole = withKnoxToken(aConnection())

function codeOfParsing(text: string): string {
  try {
    parseRecord(text)
    return 'read'
  } catch (error) {
    return error instanceof ServiceError ? error.code : String(error)
  }
}

const parsing = (changes: Readonly<Record<string, unknown>>) =>
  codeOfParsing(JSON.stringify({ ...whole, ...changes }))

describe('parseRecord', () => {
  it('reads a connection and a tombstone back as they were written', () => {
    const tombstone = tombstoneOf(whole, T0)

    expect(parseRecord(JSON.stringify(whole))).toEqual(whole)
    expect(parseRecord(JSON.stringify(tombstone))).toEqual(tombstone)
  })

  it('reads a record of a newer version that has more fields', () => {
    expect(parsing({ invented_later: true })).toBe('read')
  })

  it.each(['', 'null', '[]', '{}', '{"type":"connection"}', '{"type":"connect_session"}', 'v1.x'])(
    'calls %j unreadable',
    (text) => {
      expect(codeOfParsing(text)).toBe('record_unreadable')
    },
  )

  it.each([
    [{ format: 2 }],
    [{ id: 'cs_1' }],
    [{ generation: -1 }],
    [{ generation: 1.5 }],
    [{ generation: '1' }],
    [{ dataKey: 'plain' }],
    [{ bindings: [] }],
    [{ createdAt: null }],
    [{ bindings: [{ ...consentBinding(whole), kind: 'other' }] }],
    [
      {
        bindings: [{ ...consentBinding(whole), refresh: { state: 'dead', since: 1, failures: 0 } }],
      },
    ],
  ])('calls a record with %j unreadable', (changes) => {
    expect(parsing(changes)).toBe('record_unreadable')
  })

  it('does not take a token that was never sealed', () => {
    const { tokenSet, ...rest } = consentBinding(whole)
    const leaky = { ...rest, tokenSet: { ...tokenSet, accessToken: 'plain-token' } }

    expect(parsing({ bindings: [leaky] })).toBe('record_unreadable')
  })
})

describe('the current binding', () => {
  const old = { ...consentBinding(whole), id: 'b0', program: 'other' }
  const two = { ...whole, bindings: [old, ...whole.bindings] }

  it('is the one that the record names', () => {
    expect(consentBinding(two).id).toBe('b1')
    expect(consentBinding({ ...two, current: 'b0' }).program).toBe('other')
  })

  it('is an unreadable record when there is none', () => {
    expect(() => consentBinding({ ...two, current: 'b7' })).toThrow(ServiceError)
  })

  it('changes without the others', () => {
    const changed = { ...consentBinding(two), trust: { present: true, checkedAt: T0 } }

    expect(withCurrentBinding(two, changed).bindings).toEqual([old, changed])
  })
})
