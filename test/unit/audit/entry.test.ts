import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createChain } from '../../../src/audit/chain.ts'
import { canonical, hashOf, toFields } from '../../../src/audit/entry.ts'
import { actForRequest, nameActor } from '../../../src/shared/actor.ts'

const NOW = Date.parse('2026-11-20T17:00:00.250Z')
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

describe('the text of an entry', () => {
  it('has its members in the order of their names, and leaves out what is not there', () => {
    expect(canonical({ b: 'ä"', a: 1, B: true, c: undefined })).toBe('{"B":true,"a":1,"b":"ä\\""}')
  })

  it('is hashed without its hash', () => {
    const bare = { a: 1, b: 'x' }
    const expected = createHash('sha256').update('{"a":1,"b":"x"}').digest('base64url')

    expect(hashOf(bare)).toBe(expected)
    expect(hashOf({ hash: 'any', ...bare })).toBe(expected)
  })
})

describe('an entry', () => {
  it('of work that nobody asked for was made by the process', () => {
    expect(canonical(toFields({ event: 'refresh_ended', outcome: 'success' }, NOW))).toBe(
      '{"actor":"process","event":"refresh_ended","outcome":"success","time":"2026-11-20T17:00:00.250Z"}',
    )
  })

  it('of a request says who is known to have made it, also of what that left running', async () => {
    const later = await actForRequest(TRACE, async () => {
      const before = toFields({ event: 'token_minted' }, NOW)
      nameActor({ kind: 'portal', portalId: 'acme', apiKeyId: 'k1' })
      await new Promise(setImmediate)
      return [before, toFields({ event: 'token_minted' }, NOW)]
    })

    expect(later).toMatchObject([
      { actor: 'anonymous', trace: TRACE },
      { actor: 'portal', trace: TRACE, portal: 'acme', key: 'k1' },
    ])
  })

  it('says whose thing it is about rather than whose request it was', () => {
    const fields = actForRequest(TRACE, () => {
      nameActor({ kind: 'admin', role: 'operate' })
      return toFields({ event: 'frozen', portalId: 'acme', subject: 'conn_1' }, NOW)
    })

    expect(fields).toMatchObject({ actor: 'admin', role: 'operate', portal: 'acme' })
  })

  it('keeps the trace of a request whose event names its own actor', () => {
    const event = { event: 'consent_started', actor: { kind: 'customer' } } as const

    expect(actForRequest(TRACE, () => toFields(event, NOW))).toMatchObject({
      actor: 'customer',
      trace: TRACE,
    })
  })

  it('holds one line of plain letters, whatever comes from outside', () => {
    const fields = toFields({ event: 'consent_denied', outcome: 'a\r\n\u001b[31mé\u2028b' }, NOW)
    const long = toFields({ event: 'consent_denied', outcome: 'x'.repeat(201) }, NOW)

    expect(fields.outcome).toBe('a???[31m??b')
    expect(long.outcome).toHaveLength(200)
  })
})

it('a chain numbers its entries from 1, each with the hash of the one before', () => {
  const chain = createChain('p1')
  const fields = toFields({ event: 'token_minted' }, NOW)

  const [one, two] = [chain.append(fields), chain.append(fields)]

  expect(one).toMatchObject({ v: 1, process: 'p1', seq: 1, prev: '', hash: hashOf(one) })
  expect(two).toMatchObject({ process: 'p1', seq: 2, prev: one.hash, hash: hashOf(two) })
  expect(chain.head()).toEqual({ processId: 'p1', seq: 2, hash: two.hash })
})
