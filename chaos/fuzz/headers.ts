import fc from 'fast-check'
import type { Header, Listener } from './exchange.ts'
import type { BodyKind } from './routes.ts'
import { COUNTS, garbage } from './words.ts'

const KEYS: Readonly<Record<Listener, readonly string[]>> = {
  public: [
    '{{key:full}}',
    '{{key:reader}}',
    '{{key:other_portal}}',
    '{{key:ended}}',
    '{{operate}}',
  ],
  admin: ['{{operate}}', '{{read}}', '{{key:full}}'],
}

/** Mostly the credential with which most is reached. */
function credential(listener: Listener): fc.Arbitrary<readonly Header[]> {
  const [best = ''] = KEYS[listener]
  const bearer = (key: string): readonly Header[] => [['Authorization', `Bearer ${key}`]]
  const twice = [...bearer(best), ...bearer('x')]
  return fc.oneof(
    { weight: 32, arbitrary: fc.constant(bearer(best)) },
    { weight: 8, arbitrary: fc.constantFrom(...KEYS[listener]).map(bearer) },
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: garbage.map(bearer) },
    { weight: 1, arbitrary: fc.constantFrom(twice, [['Authorization', 'Basic YTpi'] as const]) },
  )
}

const TYPES = [
  'application/json; charset=latin1',
  'application/json+x',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/json',
  '',
  '\xff',
] as const

function contentType(kind: BodyKind | undefined): fc.Arbitrary<readonly Header[]> {
  const own = kind?.endsWith('_form') ? 'application/x-www-form-urlencoded' : 'application/json'
  const header = (value: string): readonly Header[] => [['Content-Type', value]]
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(header(own)) },
    { weight: 1, arbitrary: fc.constantFrom(...TYPES).map(header) },
    { weight: 1, arbitrary: fc.constant([]) },
  )
}

const session = fc.nat({ max: COUNTS.session - 1 })

const SINGLE: readonly fc.Arbitrary<Header>[] = [
  fc.constantFrom<Header>(
    ['Sec-Fetch-Site', 'same-origin'],
    ['Sec-Fetch-Site', 'cross-site'],
    ['Origin', '{{public_url}}'],
    ['Origin', 'null'],
    ['X-Forwarded-For', '10.0.0.1, ::1'],
    ['X-Forwarded-Proto', 'https'],
    ['Forwarded', 'for="[::1]:1";proto=https'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Original-URL', '/admin/v1/status'],
    ['Expect', '100-continue'],
    ['Upgrade', 'websocket'],
    ['Upgrade', 'h2c'],
    ['Connection', 'Upgrade, HTTP2-Settings'],
    ['Content-Encoding', 'gzip'],
    ['Content-Encoding', 'br, gzip, br, gzip, br, gzip'],
    ['TE', 'trailers'],
    ['Range', 'bytes=0-1'],
    ['If-None-Match', '*'],
    ['If-Modified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Prefer', 'return=representation'],
    ['Idempotency-Key', 'fuzzed'],
    ['Idempotency-Key', 'x'.repeat(300)],
    ['traceparent', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`],
    ['traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`],
    ['Accept', 'text/html;q=0.1, */*;q=x'],
    ['Accept-Encoding', 'gzip'],
    ['__proto__', 'polluted'],
    ['constructor', 'polluted'],
  ),
  garbage.map((value) => ['X-Fuzz', value] as const),
  garbage.map((value) => ['Cookie', `__Host-kg_x=${value}; ${value}=1; a`] as const),
  session.map((n) => ['Cookie', `__Host-{{cookie:${n}}}`] as const),
]

/** With these a request is refused before anything of it is looked at. */
const BREAKING: readonly fc.Arbitrary<Header>[] = [
  fc.constantFrom<Header>(
    ['Expect', 'the unexpected'],
    ['Transfer-Encoding', 'gzip'],
    ['Content-Length', '-1'],
    ['Content-Length', '99999999999999999999'],
    ['Host', 'evil.example'],
  ),
  fc.nat({ max: 20_000 }).map((length) => ['X-Long', 'a'.repeat(length)] as const),
  fc.constantFrom('a\x00b', 'a\r\n folded', 'a\nb', '\x7f').map((bad) => ['X-Bad', bad] as const),
  fc.constantFrom('X Y', 'X\x00', '', 'X:Y', '\xff').map((name) => [name, '1'] as const),
]

const many = fc
  .integer({ min: 50, max: 2500 })
  .map((count) => Array.from({ length: count }, (_, n) => [`X-${n}`, '1'] as const))

const extras: fc.Arbitrary<readonly Header[]> = fc.oneof(
  { weight: 25, arbitrary: fc.constant([]) },
  { weight: 20, arbitrary: fc.array(fc.oneof(...SINGLE), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.oneof(...BREAKING).map((one) => [one]) },
  { weight: 1, arbitrary: many },
)

/** What a form of ours comes with. */
function ownForm(kind: BodyKind | undefined): fc.Arbitrary<readonly Header[]> {
  if (kind !== 'connect_form' && kind !== 'callback_form') return fc.constant([])
  const sent = session.map((n): readonly Header[] => [
    ['Sec-Fetch-Site', 'same-origin'],
    ['Cookie', `__Host-{{cookie:${n}}}`],
  ])
  return fc.oneof({ weight: 3, arbitrary: sent }, { weight: 1, arbitrary: fc.constant([]) })
}

/** Headers of a request, but for its framing. */
export const headersOf = (
  listener: Listener,
  kind: BodyKind | undefined,
  hasBody: boolean,
): fc.Arbitrary<readonly Header[]> =>
  fc
    .tuple(
      credential(listener),
      hasBody ? contentType(kind) : fc.constant([]),
      ownForm(kind),
      extras,
    )
    .map((parts) => parts.flat())
