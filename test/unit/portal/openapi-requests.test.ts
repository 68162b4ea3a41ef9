import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { z } from 'zod'
import { EXAMPLES } from '../../../src/portal/openapi-examples.ts'
import { listParameters, requestSchemas } from '../../../src/portal/openapi-requests.ts'
import {
  completionBody,
  emptyBody,
  listQuery,
  newSessionBody,
  tokenBody,
} from '../../../src/portal/wire.ts'
import { problemsOf, type Schema } from './support/json-schema.ts'

const PAGE_LIMIT = 100
const documented = requestSchemas() as Readonly<Record<string, Schema>>
const PARSED = {
  NewConnectSession: newSessionBody,
  Completion: completionBody,
  TokenRequest: tokenBody,
  Empty: emptyBody,
} as const
const EXAMPLE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = EXAMPLES

const fields = Object.keys(PARSED).flatMap((name) =>
  Object.keys(documented[name]?.properties ?? {}).map(
    (field) => [name as keyof typeof PARSED, field] as const,
  ),
)

/** Texts around every length that a rule names, and of every kind of character. */
const around = (length: number) =>
  fc.constantFrom(length - 1, length, length + 1).map((n) => 'a'.repeat(Math.max(0, n)))
const value = fc.oneof(
  ...[0, 2, 8, 43, 64, 128, 256].map(around),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom('\u202e', 'a\u0000', 'a\nb', '😀'.repeat(64), '😀'.repeat(65), 'en-US', 'en_'),
  fc.webUrl().map((url) => url.replace('#', '')),
  fc.constantFrom('https://a.example/#f', 'ftp://a.example/', '//a.example', 'https://a.example/ä'),
  fc.integer({ min: -2, max: 1802 }),
  fc.constantFrom(0, 1800, 1801, -1, 0.5, true, false, null, [], {}),
)

/** A URL's rule on user names cannot be told in a schema; a lone surrogate is no character there. */
const canBeTold = (field: string, sent: unknown) =>
  typeof sent !== 'string' || (sent.isWellFormed() && !(field === 'return_url' && !isUrl(sent)))
const isUrl = (text: string) => {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && url.username === '' && url.password === ''
}

const accepts = (schema: z.ZodType, input: unknown) => schema.safeParse(input).success
const fits = (schema: Schema, input: unknown) => problemsOf(schema, input, {}).length === 0

describe('a request body', () => {
  it.each(fields)('%s: %s is documented as it is parsed', (name, field) => {
    const schema = documented[name] ?? {}

    fc.assert(
      fc.property(value, (sent) => {
        fc.pre(canBeTold(field, sent))
        const input = { ...EXAMPLE[name], [field]: sent }

        expect(fits(schema, input)).toBe(accepts(PARSED[name], input))
      }),
      { numRuns: 300 },
    )
  })

  it.each(fields)('%s: %s is said what it is for', (name, field) => {
    expect(documented[name]?.properties?.[field]?.description).toMatch(/\.$/)
  })

  it.each(Object.keys(PARSED) as (keyof typeof PARSED)[])('%s knows its fields', (name) => {
    const unknown = { ...EXAMPLE[name], surprise: 1 }

    expect(fits(documented[name] ?? {}, unknown)).toBe(false)
    expect(accepts(PARSED[name], unknown)).toBe(false)
  })

  it.each([
    ...Object.keys(EXAMPLES.NewConnectSession).map((name) => ['NewConnectSession', name] as const),
    ...Object.keys(EXAMPLES.Completion).map((name) => ['Completion', name] as const),
  ])('%s: %s may be left out or not, as the routes have it', (name, field) => {
    const { [field]: _, ...rest } = EXAMPLE[name] ?? {}

    expect(fits(documented[name] ?? {}, rest)).toBe(accepts(PARSED[name], rest))
  })
})

describe('the query of the list', () => {
  const parameters = listParameters(PAGE_LIMIT) as readonly {
    readonly name: string
    readonly description: string
    readonly schema: Schema
  }[]
  const parsed = listQuery(PAGE_LIMIT)

  it('has every parameter that is parsed, each with a description', () => {
    expect(parameters.map(({ name }) => name).sort()).toEqual(
      ['cursor', 'limit', 'program', 'status', 'tenant_ref'].sort(),
    )
    for (const { description } of parameters) expect(description).toMatch(/\.$/)
    expect(accepts(parsed, { surprise: '1' })).toBe(false)
  })

  it.each(parameters)('$name is documented as it is parsed', ({ name, schema }) => {
    fc.assert(
      fc.property(fc.oneof(value, fc.constantFrom('active', 'revoked', 'gone')), (sent) => {
        fc.pre(name === 'limit' ? Number.isInteger(sent) : typeof sent === 'string')
        fc.pre(canBeTold(name, sent))

        expect(fits(schema, sent)).toBe(accepts(parsed, { [name]: String(sent) }))
      }),
      { numRuns: 300 },
    )
  })

  it.each([0, 1, PAGE_LIMIT, PAGE_LIMIT + 1])('limit=%i is as documented', (limit) => {
    const schema = parameters.find(({ name }) => name === 'limit')?.schema ?? {}

    expect(fits(schema, limit)).toBe(accepts(parsed, { limit: String(limit) }))
    expect(fits(schema, limit)).toBe(limit >= 1 && limit <= PAGE_LIMIT)
  })
})
