import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { z } from 'zod'
import { parseParameters } from '../../../src/http/parameters.ts'
import {
  base64url,
  exactUrl,
  integer,
  integerParameter,
  parseBody,
  parsePathId,
  parseQuery,
  text,
} from '../../../src/http/validate.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { isConnectionId, newConnectionId } from '../../../src/shared/ids.ts'

function refusal(act: () => unknown): ServiceError {
  try {
    act()
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const errorsOf = (schema: z.ZodType, body: unknown) =>
  refusal(() => parseBody(schema, body)).extras.errors

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success

describe('parseBody', () => {
  const schema = z.strictObject({
    tenant_ref: text(1, 256),
    kind: z.enum(['one', 'two']).optional(),
    nested: z.strictObject({ list: z.array(integer(1, 5)).max(2) }).optional(),
  })

  it('gives the value back', () => {
    expect(parseBody(schema, { tenant_ref: 'x' })).toEqual({ tenant_ref: 'x' })
  })

  it.each([
    [undefined, '', 'must be an object'],
    [[], '', 'must be an object'],
    [{}, '/tenant_ref', 'is required'],
    [{ tenant_ref: null }, '/tenant_ref', 'must be a string'],
    [{ tenant_ref: ['x'] }, '/tenant_ref', 'must be a string'],
    [{ tenant_ref: '' }, '/tenant_ref', 'must be 1 to 256 characters'],
    [{ tenant_ref: 'x', kind: 'three' }, '/kind', 'must be one of one, two'],
    [
      { tenant_ref: 'x', nested: { list: [1, 6] } },
      '/nested/list/1',
      'must be an integer from 1 to 5',
    ],
    [{ tenant_ref: 'x', nested: { list: [1, 2, 3] } }, '/nested/list', 'must be at most 2 items'],
    [{ tenant_ref: 'x', 'a/b': 1 }, '/a~1b', 'is not known'],
  ])('refuses %j, naming field and rule', (body, field, rule) => {
    const error = refusal(() => parseBody(schema, body))

    expect(error.code).toBe('invalid_request')
    expect(error.extras.errors).toEqual([{ field, rule }])
    expect(error.extras.detail).toBe(`${field === '' ? 'the body' : field} ${rule}`)
  })

  it('names every broken rule at once', () => {
    expect(errorsOf(schema, { kind: 1, odd: 1, tenant_ref: '' })).toHaveLength(3)
  })

  it('shortens an unknown name to 64 printable characters', () => {
    const errors = errorsOf(schema, { tenant_ref: 'x', [`\u001b[31m\n${'k'.repeat(500)}`]: 1 })

    expect(errors?.[0]?.field).toMatch(/^\/[\x20-\x7e]{64}$/)
  })

  it('never says a value back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const canary = `canary-${JSON.stringify(value)}`
        const body = { tenant_ref: { canary }, kind: canary, nested: { list: [canary, value] } }

        expect(JSON.stringify(refusal(() => parseBody(schema, body)).extras)).not.toContain(
          'canary-',
        )
      }),
    )
  })
})

describe('parseQuery', () => {
  const schema = z.strictObject({
    limit: integerParameter(1, 100).optional(),
    status: text(1, 9).optional(),
  })

  it.each([
    ['/v1/x', {}],
    ['/v1/x?', {}],
    ['/v1/x?limit=1&status=a+b%20c', { limit: 1, status: 'a b c' }],
    ['/v1/x?&limit=100&', { limit: 100 }],
  ])('reads %s', (url, expected) => {
    expect(parseQuery(schema, url)).toEqual(expected)
  })

  it.each([
    ['?limit=1&limit=1', 'limit', 'is given more than once'],
    ['?limit=1&%6cimit=2', 'limit', 'is given more than once'],
    ['?limit[]=1', 'limit[]', 'is not known'],
    ['?status[$ne]=1', 'status[$ne]', 'is not known'],
    ['?__proto__=1', '__proto__', 'is not known'],
    ['?other=1', 'other', 'is not known'],
    ['?limit=0', 'limit', 'must be an integer from 1 to 100'],
    ['?limit=101', 'limit', 'must be an integer from 1 to 100'],
    ['?limit=01', 'limit', 'must be an integer from 1 to 100'],
    ['?limit=1e1', 'limit', 'must be an integer from 1 to 100'],
    ['?limit', 'limit', 'must be an integer from 1 to 100'],
    ['?status=%00', 'status', 'must be well-formed text without control characters'],
  ])('refuses %s, naming parameter and rule', (query, field, rule) => {
    const error = refusal(() => parseQuery(schema, `/v1/x${query}`))

    expect(error.code).toBe('invalid_request')
    expect(error.extras.errors).toEqual([{ field, rule }])
  })

  it.each(['?status=%', '?status=%zz', '?status=%ff', '?%c3=1', '?status=%ed%a0%80'])(
    'refuses %s as malformed',
    (query) => {
      expect(refusal(() => parseQuery(schema, `/v1/x${query}`)).code).toBe('malformed_request')
    },
  )

  it('answers any query with a value or a refusal of the portal’s request', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webQueryParameters()), (query) => {
        try {
          parseQuery(schema, `/v1/x?${query}`)
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError)
          expect([400, 422]).toContain(error instanceof ServiceError && error.status)
        }
      }),
    )
  })
})

describe('parseParameters', () => {
  it('reads back what URLSearchParams writes', () => {
    const value = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(value, value), { selector: ([name]) => name }),
        (pairs) => {
          fc.pre(pairs.every(([name, value]) => (name + value).isWellFormed()))
          const query = new URLSearchParams(pairs).toString()

          expect([...parseParameters(query)]).toEqual(pairs)
        },
      ),
    )
  })
})

describe('parsePathId', () => {
  it('passes an id through', () => {
    const id = newConnectionId(1)

    expect(parsePathId(isConnectionId, id)).toBe(id)
  })

  it.each(['conn_1', 'cs_00000000000000000000000000000000', '', undefined, ['x']])(
    'answers %j like an unknown id',
    (value) => {
      const { code, extras } = refusal(() => parsePathId(isConnectionId, value))

      expect({ code, extras }).toEqual({ code: 'not_found', extras: {} })
    },
  )
})

describe('text', () => {
  it.each([
    ['', false],
    ['x', true],
    ['xxx', true],
    ['xxxx', false],
    ['😀😀😀', true],
    ['😀😀😀😀', false],
    ['\ud800', false],
    ['a\nb', false],
    ['a\u0085', false],
    ['a\u2028', false],
    ['\u202ea', false],
    ['\u007f', false],
    ['שלו', true],
  ])('judges %j by code points and kind', (value, expected) => {
    expect(accepts(text(1, 3), value)).toBe(expected)
  })
})

describe('integer', () => {
  it.each([
    [0, false],
    [1, true],
    [5, true],
    [6, false],
    [1.5, false],
    ['1', false],
    [Number.NaN, false],
    [null, false],
  ])('judges %j', (value, expected) => {
    expect(accepts(integer(1, 5), value)).toBe(expected)
  })
})

describe('exactUrl', () => {
  it.each([
    ['https://console.acme.example/knox/return?a=1', true],
    ['http://127.0.0.1:3000/', true],
    ['//e.example', false],
    ['/e', false],
    ['https:e.example', false],
    ['https:/\\e.example', false],
    ['javascript:alert(1)', false],
    ['https://user@e.example/', false],
    ['https://:p@e.example/', false],
    ['https://e.example/#', false],
    ['https://e.example/\r\nx', false],
    ['https://exämple.example/', false],
    ['https://', false],
    [`https://e.example/${'x'.repeat(2030)}`, true],
    [`https://e.example/${'x'.repeat(2031)}`, false],
  ])('judges %j', (value, expected) => {
    expect(accepts(exactUrl, value)).toBe(expected)
  })
})

describe('base64url', () => {
  it.each([
    ['x'.repeat(42), false],
    [`${'x'.repeat(41)}-_`, true],
    ['x'.repeat(44), false],
    [`${'x'.repeat(42)}=`, false],
    [`${'x'.repeat(42)}+`, false],
    [`${'x'.repeat(42)}\n`, false],
  ])('judges %j', (value, expected) => {
    expect(accepts(base64url(43), value)).toBe(expected)
  })
})
