import fc from 'fast-check'

/** So many of each kind of thing are there to be named. */
export const COUNTS = { own: 4, foreign: 3, session: 4, foreign_session: 2, key: 3 } as const

const named = (kind: keyof typeof COUNTS) =>
  fc.nat({ max: COUNTS[kind] - 1 }).map((at) => `{{${kind}:${at}}}`)

/** Texts of bytes that parsers have stumbled over. */
const ODD = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2f',
  '%5c',
  '%00',
  '%0d%0aX-Injected:%201',
  '%zz',
  '%E0%A4%A',
  '%c3%28',
  '%F0%9F%92%A9',
  '\xff\xfe',
  '\'"><script>alert(1)</script>',
  '{{"a":1}}',
  '$where',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '-1',
  '1e309',
  'null',
  'undefined',
  'NaN',
  'kg:{x}',
  '*',
  '(.+)+$',
  '\u00a0',
  '%E2%80%AE',
  `${'a'.repeat(300)}`,
] as const

const escaped = (code: number): string =>
  code < 0x7f ? String.fromCharCode(code) : `%${code.toString(16)}`

/** Any bytes but blanks and control characters, the upper ones escaped: Node refuses others at once. */
const bytes = (max: number) =>
  fc
    .array(fc.integer({ min: 0x21, max: 0xff }), { maxLength: max })
    .map((codes) => codes.map(escaped).join(''))

/** Something that belongs in no place. */
export const garbage: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...ODD), bytes(24))

const absent = fc.constantFrom(
  `conn_${'0'.repeat(32)}`,
  `conn_${'z'.repeat(32)}`,
  `cs_${'0'.repeat(32)}`,
  `conn_${'0'.repeat(31)}`,
  `CONN_${'0'.repeat(32)}`,
)

/** What may stand in a path in place of a name in braces: mostly what is there. */
export const PATH_WORDS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  connection: fc.oneof(
    { weight: 6, arbitrary: named('own') },
    { weight: 3, arbitrary: named('foreign') },
    { weight: 1, arbitrary: absent },
    { weight: 2, arbitrary: garbage },
  ),
  session: fc.oneof(
    { weight: 6, arbitrary: named('session') },
    { weight: 2, arbitrary: named('foreign_session') },
    { weight: 1, arbitrary: absent },
    { weight: 2, arbitrary: garbage },
  ),
  program: fc.oneof(
    { weight: 5, arbitrary: fc.constant('{{program}}') },
    { weight: 1, arbitrary: garbage },
  ),
  // Nobody calls with the keys of this portal.
  portal: fc.oneof(
    { weight: 5, arbitrary: fc.constant('{{scratch}}') },
    { weight: 1, arbitrary: garbage },
  ),
  key: fc.oneof({ weight: 3, arbitrary: named('key') }, { weight: 1, arbitrary: garbage }),
}

/** Any connection or session, for bodies and queries. */
export const anyConnection = PATH_WORDS.connection ?? garbage
