import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ConfigError } from '../../../src/config/problems.ts'
import { SETTING_PATHS, settingVariable } from '../../../src/config/settings-spec.ts'
import {
  apiKey,
  type Changes,
  DEFAULTS,
  ENV,
  KEYS_JSON,
  knox,
  load,
  portal,
  program,
  samsungAccount,
} from './valid-config.ts'

/** Whatever else a value is made of, this is how it is found again. */
const MARK = 'c4n4ry'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Place = readonly [name: string, change: (canary: Json) => Changes]

/** Copies of a JSON value with one part replaced, for every part; objects also get a part more. */
function* spoiled(value: Json, path = ''): Generator<readonly [string, (canary: Json) => Json]> {
  yield [path, (canary) => canary]
  if (typeof value !== 'object' || value === null) return
  const names = Array.isArray(value) ? [...value.keys()].map(String) : Object.keys(value)
  for (const name of names) {
    const part = Object.entries(value).find(([key]) => key === name)?.[1] ?? null
    for (const [below, spoil] of spoiled(part, `${path}.${name}`)) {
      yield [below, (canary) => replaced(value, name, spoil(canary))]
    }
  }
  if (!Array.isArray(value)) {
    yield [`${path}.*`, (canary) => ({ ...value, [String(canary)]: 'x' })]
  }
}

const replaced = (value: Json, name: string, part: Json): Json =>
  Array.isArray(value)
    ? value.map((item, index) => (String(index) === name ? part : item))
    : { ...Object(value), [name]: part }

const FULL_PROGRAM = program({
  allow_legacy_rsa: false,
  samsung_account: samsungAccount({
    response_type: 'CODE',
    partner_id: '1',
    authorize_params: { prompt: 'x' },
    rotation: 'none',
  }),
  knox: knox({
    validity_minutes: 30,
    public_key_format: 'spki',
    verify_path: '/x',
    trust_error_codes: ['1'],
  }),
})
const FULL_PORTAL = portal({ reconnect_url: 'https://a.example', api_keys: [apiKey()] })

const VARIABLES = [
  ...Object.keys(ENV),
  'KNOXGATE_MODE',
  'HOST',
  'PORT',
  'ADMIN_PORT',
  'CONFIG_DIR',
  'LOG_LEVEL',
  ...SETTING_PATHS.map(settingVariable),
]

const places: readonly Place[] = [
  ...VARIABLES.flatMap((name): readonly Place[] => [
    [name, (canary) => ({ env: { [name]: String(canary) } })],
    [
      `${name}_FILE`,
      (canary) => ({ env: { [name]: undefined, [`${name}_FILE`]: String(canary) } }),
    ],
    [
      `file of ${name}`,
      (canary) => ({
        env: { [name]: undefined, [`${name}_FILE`]: '/f' },
        files: { '/f': String(canary) },
      }),
    ],
  ]),
  ...[...spoiled([FULL_PROGRAM] as Json)].map(
    ([path, spoil]): Place => [`programs.json ${path}`, (canary) => ({ programs: spoil(canary) })],
  ),
  ...[...spoiled([FULL_PORTAL] as Json)].map(
    ([path, spoil]): Place => [`portals.json ${path}`, (canary) => ({ portals: spoil(canary) })],
  ),
  ...[...spoiled(DEFAULTS)].map(
    ([path, spoil]): Place => [
      `default.json ${path}`,
      (canary) => ({ files: { 'config/default.json': JSON.stringify(spoil(canary)) } }),
    ],
  ),
  ...[...spoiled(JSON.parse(KEYS_JSON) as Json)].map(
    ([path, spoil]): Place => [
      `keys ${path}`,
      (canary) => ({ files: { 'config/keys/emm-eu.json': JSON.stringify(spoil(canary)) } }),
    ],
  ),
  ...['programs', 'portals', 'default', 'keys/emm-eu'].map(
    (name): Place => [
      `text of ${name}.json`,
      (canary) => ({ files: { [`config/${name}.json`]: String(canary) } }),
    ],
  ),
]

const text = fc
  .tuple(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }))
  .map(([before, after]) => `${before}${MARK}${after}`)
const shapes = [
  (canary: string): Json => canary,
  (canary: string): Json => `https://${canary}.example`,
  (canary: string): Json => `k1:${canary}`,
  (canary: string): Json => ({ env: canary }),
  (canary: string): Json => ({ file: canary }),
  (canary: string): Json => [canary],
]
describe('a value of the configuration', () => {
  it.each(places)('is never printed, whatever is wrong with %s', (_, change) => {
    // Every place meets every shape; over all places that is some two hundred texts.
    fc.assert(
      fc.property(text, (canary) => {
        for (const shape of shapes) {
          expect(everythingSaid(change(shape(canary)))).not.toContain(MARK)
        }
      }),
      { numRuns: 1 },
    )
  })

  it('is looked for where names are printed', () => {
    expect(everythingSaid({ programs: [program({ canary: 1 })] })).toContain('canary')
  })
})

/** All that a caller could print: of an error everything, of a configuration its warnings. */
function everythingSaid(changes: Changes): string {
  try {
    return load(changes).warnings.join('\n')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return `${error.message}\n${inspect(error, { depth: null })}\n${JSON.stringify(error)}`
  }
}
