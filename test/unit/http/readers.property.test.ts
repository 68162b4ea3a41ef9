import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { z } from 'zod'
import { parseCookies } from '../../../src/http/cookies.ts'
import { findKeyProblem } from '../../../src/http/json-keys.ts'
import { parseParameters } from '../../../src/http/parameters.ts'
import { parsePathId, parseQuery, text } from '../../../src/http/validate.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { isConnectionId, newConnectionId } from '../../../src/shared/ids.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const refuses =
  (...codes: readonly string[]) =>
  (error: unknown): boolean =>
    error instanceof ServiceError && codes.includes(error.code)

const query = z.strictObject({ limit: text(1, 5).optional(), cursor: text(1, 128).optional() })

describeReaders([
  {
    name: 'parseCookies',
    read: parseCookies,
    good: ['__Host-kg_a=b; c=d', '__Host-a=1'],
    declares: refuses('headers_too_large', 'malformed_request'),
  },
  {
    name: 'parseParameters',
    read: parseParameters,
    good: ['a=b&c=%C3%BC', 'state=x+y', ''],
    declares: refuses('malformed_request', 'invalid_request'),
  },
  {
    name: 'parseQuery',
    read: (url) => parseQuery(query, url),
    good: ['/v1/connections?limit=5&cursor=x', '/v1/connections'],
    declares: refuses('malformed_request', 'invalid_request'),
  },
  {
    name: 'parsePathId',
    read: (id) => parsePathId(isConnectionId, id),
    good: [newConnectionId(0)],
    declares: refuses('not_found'),
  },
  {
    name: 'findKeyProblem, of what JSON.parse takes',
    read: (json) => findKeyProblemIn(json) ?? 'no problem',
    good: ['{"a":[{"b":"c"}]}', '{"__proto__":1}', '[{"a":1,"a":2}]', '"{"'],
  },
])

function findKeyProblemIn(json: string): unknown {
  try {
    JSON.parse(json)
  } catch {
    return undefined
  }
  return findKeyProblem(json, 20)
}

describe('parameters', () => {
  it('are read back as they were written', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => one.isWellFormed())
    const pairs = fc.uniqueArray(fc.tuple(name, name), { selector: ([one]) => one })
    fc.assert(
      fc.property(pairs, (written) => {
        const read = parseParameters(new URLSearchParams(written).toString())
        expect([...read]).toEqual(written)
      }),
    )
  })
})

describe('JSON without a name twice, without a forbidden one, and not too deep', () => {
  it('has no problem, however it is written', () => {
    const clean = fc
      .jsonValue({ maxDepth: 5 })
      .filter((value) => !/"(?:__proto__|constructor|prototype)":/.test(JSON.stringify(value)))
    fc.assert(
      fc.property(clean, fc.nat({ max: 4 }), (value, indent) => {
        expect(findKeyProblem(JSON.stringify(value, null, indent), 20)).toBeNull()
      }),
    )
  })

  it('has one when a member of it is given twice, wherever that is', () => {
    const member = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__')
    fc.assert(
      fc.property(member, fc.json(), fc.json(), (name, one, other) => {
        const key = JSON.stringify(name)
        const json = `[0,{${key}:${one},"-":1,${key}:${other}}]`
        expect(findKeyProblem(json, 100)).not.toBeNull()
      }),
    )
  })
})
