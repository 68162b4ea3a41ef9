import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { z } from 'zod'
import { parseBody, parseQuery } from '../../../src/http/validate.ts'
import {
  completionBody,
  emptyBody,
  listQuery,
  newSessionBody,
  tokenBody,
} from '../../../src/portal/wire.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { newConnectionId } from '../../../src/shared/ids.ts'

const CONNECTION_ID = newConnectionId(1)

/** Fields that break a rule; none when the value is taken. */
function refusedFields(act: () => unknown): readonly string[] {
  try {
    act()
    return []
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'invalid_request')
      return (error.extras.errors ?? []).map(({ field }) => field)
    throw error
  }
}

const refused = (schema: z.ZodType, body: unknown) => refusedFields(() => parseBody(schema, body))

const SESSION = {
  program: 'emm-eu',
  tenant_ref: 'tenant-1',
  return_url: 'https://console.acme.example/knox/return',
  code_challenge: 'A'.repeat(43),
}

describe('a new connect session', () => {
  const judge = (changes: Readonly<Record<string, unknown>>) =>
    refused(newSessionBody, { ...SESSION, ...changes })

  it('is read with what is required', () => {
    expect(parseBody(newSessionBody, SESSION)).toEqual({
      program: 'emm-eu',
      tenantRef: 'tenant-1',
      returnUrl: SESSION.return_url,
      codeChallenge: SESSION.code_challenge,
      allowAccountChange: false,
    })
  })

  it('is read with everything', () => {
    const all = {
      ...SESSION,
      tenant_name: 'Müller & Söhne 😀',
      connection_id: CONNECTION_ID,
      allow_account_change: true,
      locale: 'de-CH',
    }

    expect(parseBody(newSessionBody, all)).toMatchObject({
      tenantName: 'Müller & Söhne 😀',
      connectionId: CONNECTION_ID,
      allowAccountChange: true,
      locale: 'de-CH',
    })
  })

  it.each([
    ['program', '', false],
    ['program', 'x', true],
    ['program', 'x'.repeat(64), true],
    ['program', 'x'.repeat(65), false],
    ['tenant_ref', '', false],
    ['tenant_ref', 'x'.repeat(256), true],
    ['tenant_ref', 'x'.repeat(257), false],
    ['tenant_ref', 'a\u0000b', false],
    ['tenant_ref', 'a\nb', false],
    ['tenant_ref', '\ud800', false],
    ['tenant_name', '', false],
    ['tenant_name', 'x'.repeat(256), true],
    ['tenant_name', 'x'.repeat(257), false],
    ['tenant_name', '\u202egnp.exe', false],
    ['return_url', 'https://a.example', true],
    ['return_url', '/relative', false],
    ['return_url', 'javascript:alert(1)', false],
    ['return_url', 'https://user@a.example/', false],
    ['return_url', 'https://a.example/#part', false],
    ['return_url', `https://a.example/${'x'.repeat(2048)}`, false],
    ['code_challenge', 'A'.repeat(42), false],
    ['code_challenge', 'A'.repeat(44), false],
    ['code_challenge', `${'A'.repeat(42)}=`, false],
    ['code_challenge', `${'A'.repeat(42)}+`, false],
    ['code_challenge', `${'A'.repeat(42)}\n`, false],
    ['connection_id', CONNECTION_ID, true],
    ['connection_id', 'conn_x', false],
    ['connection_id', `cs_${'0'.repeat(32)}`, false],
    ['connection_id', 'sentinel', false],
    ['connection_id', `${CONNECTION_ID}}`, false],
    ['allow_account_change', false, true],
    ['allow_account_change', 'true', false],
    ['allow_account_change', 1, false],
    ['locale', 'en', true],
    ['locale', 'en_US', true],
    ['locale', 'zh-Hant-TW', true],
    ['locale', 'e', false],
    ['locale', 'en-', false],
    ['locale', 'en&state=x', false],
    ['locale', `en${'-abcdefgh'.repeat(4)}`, false],
  ])('with %s %j is taken: %j', (field, value, taken) => {
    expect(judge({ [field]: value })).toEqual(taken ? [] : [`/${field}`])
  })

  it.each(Object.keys(SESSION))('needs %s', (field) => {
    expect(judge({ [field]: undefined })).toEqual([`/${field}`])
  })

  it.each(['tenant_name', 'connection_id', 'allow_account_change', 'locale'])(
    'does not take null or a list for %s',
    (field) => {
      for (const value of [null, [], ['x'], {}])
        expect(judge({ [field]: value })).toEqual([`/${field}`])
    },
  )

  it('has no fields of other names', () => {
    expect(judge({ tenantRef: 'x', code_challenge_method: 'plain' })).toEqual([
      '/tenantRef',
      '/code_challenge_method',
    ])
  })
})

describe('a completion', () => {
  const judge = (result_code: unknown, code_verifier: unknown) =>
    refused(completionBody, { result_code, code_verifier })
  const CODE = 'r'.repeat(43)

  it.each([
    [42, false],
    [43, true],
    [128, true],
    [129, false],
  ])('with a verifier of %d characters is taken: %j (RFC 7636 §4.1)', (length, taken) => {
    expect(judge(CODE, 'v'.repeat(length))).toEqual(taken ? [] : ['/code_verifier'])
  })

  it('takes every unreserved character and no other', () => {
    const unreserved = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'
    expect(judge(CODE, unreserved)).toEqual([])

    for (const character of [' ', '+', '/', '=', '%', 'ä', '\n', '\u0000'])
      expect(judge(CODE, unreserved + character)).toEqual(['/code_verifier'])
  })

  it('takes a result code of 43 characters only', () => {
    for (const code of ['r'.repeat(42), 'r'.repeat(44), `${'r'.repeat(42)}.`])
      expect(judge(code, 'v'.repeat(43))).toEqual(['/result_code'])
  })
})

describe('a wish for a token', () => {
  it.each([
    [{}, true],
    [{ min_ttl_seconds: 0 }, true],
    [{ min_ttl_seconds: 1800 }, true],
    [{ min_ttl_seconds: 1801 }, false],
    [{ min_ttl_seconds: -1 }, false],
    [{ min_ttl_seconds: 1.5 }, false],
    [{ min_ttl_seconds: '60' }, false],
    [{ min_ttl_seconds: Number.MAX_VALUE }, false],
    [{ rejected: 'x' }, true],
    [{ rejected: '' }, false],
    [{ rejected: 'x'.repeat(64) }, true],
    [{ rejected: 'x'.repeat(65) }, false],
  ])('%j is taken: %j', (body, taken) => {
    expect(refused(tokenBody, body)).toEqual(taken ? [] : [`/${Object.keys(body)[0]}`])
  })

  it('is read in milliseconds', () => {
    expect(parseBody(tokenBody, { min_ttl_seconds: 90, rejected: 'x' })).toEqual({
      minTtlMs: 90_000,
      rejected: 'x',
    })
    expect(parseBody(tokenBody, {})).toEqual({ minTtlMs: undefined, rejected: undefined })
  })
})

it('a call without fields takes none', () => {
  expect(refused(emptyBody, {})).toEqual([])
  expect(refused(emptyBody, { a: 1 })).toEqual(['/a'])
})

describe('a list query', () => {
  const judge = (query: string) => refusedFields(() => parseQuery(listQuery(100), `/v1/c${query}`))

  it.each([
    ['', []],
    ['?limit=1', []],
    ['?limit=100', []],
    ['?limit=101', ['limit']],
    ['?limit=0', ['limit']],
    ['?limit=', ['limit']],
    ['?limit=1&limit=2', ['limit']],
    ['?status=active', []],
    ['?status=revoked', []],
    ['?status=Active', ['status']],
    ['?status=active,frozen', ['status']],
    ['?tenant_ref=a%20b', []],
    ['?tenant_ref=', ['tenant_ref']],
    [`?tenant_ref=${'x'.repeat(257)}`, ['tenant_ref']],
    ['?program=emm-eu', []],
    [`?program=${'x'.repeat(65)}`, ['program']],
    [`?cursor=${'x'.repeat(128)}`, []],
    [`?cursor=${'x'.repeat(129)}`, ['cursor']],
    ['?offset=1', ['offset']],
    ['?limit[]=1', ['limit[]']],
    ['?__proto__=1', ['__proto__']],
  ])('%s breaks the rules of %j', (query, fields) => {
    expect(judge(query)).toEqual(fields)
  })

  it('asks for 50 at a time, or as many as there may be', () => {
    expect(parseQuery(listQuery(100), '/v1/c')).toMatchObject({ limit: 50 })
    expect(parseQuery(listQuery(20), '/v1/c')).toMatchObject({ limit: 20 })
  })
})

it('any body is taken or refused, and nothing of it is ever said back', () => {
  const schemas = [newSessionBody, completionBody, tokenBody, emptyBody]
  const body = fc.dictionary(
    fc.constantFrom('program', 'tenant_ref', 'rejected', 'result_code', 'invented'),
    fc.oneof(fc.jsonValue(), fc.constant('canary-value')),
  )
  fc.assert(
    fc.property(body, fc.constantFrom(...schemas), (body, schema) => {
      try {
        parseBody<unknown>(schema, body)
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError)
        expect(error instanceof ServiceError && error.status).toBe(422)
        expect(JSON.stringify(error instanceof ServiceError && error.extras)).not.toContain(
          'canary',
        )
      }
    }),
  )
})
