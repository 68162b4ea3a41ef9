import fc from 'fast-check'
import { FRAMINGS, type FuzzBody } from './exchange.ts'
import type { BodyKind } from './routes.ts'
import { anyConnection, COUNTS } from './words.ts'

const at = (kind: keyof typeof COUNTS) => fc.nat({ max: COUNTS[kind] - 1 })

/** Values for any field: each is wrong in most places. */
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    '',
    [],
    {},
    '\u0000',
    'a\r\nSet-Cookie: x=1',
    '\ud800',
    '\u202e',
    'x'.repeat(5000),
    ['a', ['b']],
    'http://evil.example/',
    'javascript:alert(1)',
  ),
  fc.jsonValue({ maxDepth: 2 }),
)

type Fields = Readonly<Record<string, unknown>>

const JSON_BODIES: Readonly<Partial<Record<BodyKind, fc.Arbitrary<Fields>>>> = {
  session: fc.record(
    {
      program: fc.constant('{{program}}'),
      tenant_ref: fc.nat({ max: 50 }).map((n) => `fuzzed-${n}`),
      return_url: fc.constant('{{return_url}}'),
      code_challenge: fc.constant('{{challenge}}'),
      tenant_name: fc.constant('Marlow <b>Retail</b>'),
      connection_id: anyConnection,
      allow_account_change: fc.boolean(),
      locale: fc.constantFrom('en-US', 'de_DE', 'x'),
    },
    { requiredKeys: ['program', 'tenant_ref', 'return_url', 'code_challenge'] },
  ),
  connection: fc.record(
    {
      program: fc.constant('{{program}}'),
      tenant_ref: fc.nat({ max: 50 }).map((n) => `fuzzed-${n}`),
      tenant_name: fc.constant('Marlow <b>Retail</b>'),
      managed_tenant_id: fc.constantFrom('4712-ab', '', 'a'.repeat(65), '../..', 'x\r\ny: z'),
    },
    { requiredKeys: ['program', 'tenant_ref'] },
  ),
  completion: at('session').map((n) => ({
    result_code: `{{result_code:${n}}}`,
    code_verifier: `{{verifier:${n}}}`,
  })),
  token: fc.record(
    {
      min_ttl_seconds: fc.constantFrom(0, 1, 60, 1200, 1801),
      rejected: fc.constant('{{token_id}}'),
    },
    { requiredKeys: [] },
  ),
  empty: fc.constant({}),
  new_key: fc.record(
    {
      scopes: fc.subarray(['connect', 'connections:read', 'tokens', 'proxy', 'x']),
      name: fc.constant('fuzzed'),
      programs: fc.constant(['{{program}}']),
      cidrs: fc.constantFrom(['127.0.0.0/8'], ['::ffff:10.0.0.0/8'], ['x']),
      expires_in_seconds: fc.constantFrom(60, 59, 1e12),
      proxy: fc.constantFrom({ methods: ['GET'] }, { path_prefixes: ['/a/../b'] }),
    },
    { requiredKeys: ['scopes'] },
  ),
  rotate: fc.record({ overlap_seconds: fc.constantFrom(0, 60, -1) }, { requiredKeys: [] }),
  expire: fc.record({ after_seconds: fc.constantFrom(0, 60, -1) }),
  freeze: fc.record(
    {
      target: fc.constantFrom('connection', 'connection', 'connection', 'portal', 'program', 'x'),
      id: fc.oneof(
        at('own').map((n) => `{{own:${n}}}`),
        fc.constant('{{scratch}}'),
      ),
      reason: fc.constant('a drill'),
    },
    { requiredKeys: ['target', 'reason'] },
  ),
}

/** JSON texts are UTF-8; here, as bytes. */
const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** What is done to a JSON text that was good. */
const SPOILS: readonly ((text: string, n: number) => string)[] = [
  (text) => `\xef\xbb\xbf${text}`,
  (text, n) => text.slice(0, n % (text.length + 1)),
  (text, n) => `${text.slice(0, n)}\xff\xc3${text.slice(n)}`,
  (text, n) => text.slice(0, n) + String.fromCharCode(n % 256) + text.slice(n + 1),
  (text) => `${text}${text}`,
  (text) => text.replace('{', '{"__proto__":{"polluted":1},'),
  (text) => text.replace('{', '{"constructor":{"prototype":{"polluted":1}},'),
  (text) => text.replace('{', '{"\\u005f\\u005fproto__":{"polluted":1},'),
  (text) => text.replace('{', '{"rejected":"a","rejected":"b",'),
  (text) => text.replace(/"([^"]+)":([^,}]+)/, '"$1":$2,"$1":$2'),
  (text, n) => '['.repeat(n * 40) + text,
  (text, n) => `${'{"a":'.repeat(n)}${text}${'}'.repeat(n)}`,
  (text, n) => text + ' '.repeat(n * 400),
  (text) => text.replace('{', `{"${'k'.repeat(17_000)}":1,`),
  (text) => text.replace('{', `{${'"a":1,'.repeat(2000)}`),
  (text) => text.replace('{', '{"n":1e999,'),
  (text) => text.replace('{', '{"n":-0,'),
  (text) => text.replace('{', '{"n":123456789012345678901234567890,'),
  (text) => `[${text}]`,
  (text) => `"${text.length}"`,
  () => 'null',
  () => '',
  () => '\xff\xfe{\x00}\x00',
]

function jsonText(kind: BodyKind): fc.Arbitrary<string> {
  const good = (JSON_BODIES[kind] ?? fc.constant({})) as fc.Arbitrary<Fields>
  const odd = fc
    .tuple(good, fc.nat({ max: 7 }), oddValue)
    .map(([fields, n, value]) => ({ ...fields, ...replaceOne(fields, n, value) }))
  const text = fc.oneof({ weight: 3, arbitrary: good }, { weight: 2, arbitrary: odd })
  const written = text.map((fields) => toBytes(JSON.stringify(fields)))
  const spoilt = fc
    .tuple(written, fc.constantFrom(...SPOILS), fc.nat({ max: 300 }))
    .map(([one, spoil, n]) => spoil(one, n))
  return fc.oneof({ weight: 3, arbitrary: written }, { weight: 2, arbitrary: spoilt })
}

function replaceOne(fields: Fields, n: number, value: unknown): Fields {
  const names = [...Object.keys(fields), 'nonsense']
  return { [names[n % names.length] ?? 'nonsense']: value }
}

const FORM_PAIRS = [
  'action=continue',
  'action=cancel',
  'action=x',
  'csrf_token=x',
  'csrf_token=',
  'code=abc',
  'code=%7B%22code%22%3A%22abc%22%7D',
  'code=%7B%22code%22',
  'error=access_denied',
  'error=%3Cscript%3E',
  'close=true',
  'state=a&state=b',
  'code[]=1',
  '__proto__[polluted]=1',
  'x=%c3%28',
  '%zz=%zz',
  '\xff=\xfe',
] as const

const formText = fc
  .tuple(
    at('session'),
    fc.array(fc.constantFrom<string>('csrf', 'state', ...FORM_PAIRS), { maxLength: 5 }),
  )
  .map(([n, pairs]) =>
    pairs
      .map((pair) => (pair === 'csrf' ? `csrf_token={{csrf:${n}}}` : pair))
      .map((pair) => (pair === 'state' ? `state={{state:${n}}}` : pair))
      .join('&'),
  )

const framing = fc.oneof(
  { weight: 24, arbitrary: fc.constant<FuzzBody['framing']>('length') },
  { weight: 5, arbitrary: fc.constant<FuzzBody['framing']>('chunked') },
  { weight: 1, arbitrary: fc.constantFrom(...FRAMINGS) },
)

/** A body for a route that takes one of this kind, or for one that takes none. */
export function bodyOf(kind: BodyKind | undefined): fc.Arbitrary<FuzzBody | null> {
  const isForm = kind?.endsWith('_form') === true
  const content = isForm
    ? fc.oneof({ weight: 5, arbitrary: formText }, { weight: 1, arbitrary: jsonText('empty') })
    : jsonText(kind ?? 'empty')
  const body = fc.record({ content, framing })
  const weight = kind === undefined ? 30 : 1
  return fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 5, arbitrary: body })
}
