import { describe, expect, it } from '@jest/globals'
import {
  accountOf,
  KEYS_JSON,
  load,
  newKeysJson,
  placesOf,
  problemsOf,
  program,
  samsungAccount,
} from './valid-config.ts'

const withSecret = (reference: unknown) => [
  program({ samsung_account: samsungAccount({ client_secret: reference }) }),
]

describe('a secret in programs.json', () => {
  it('is read from a file below CONFIG_DIR, or from an absolute path, without its line break', () => {
    const files = { 'config/secrets/sa': 'one\n', '/run/secrets/sa': 'two' }

    const [relative] = load({ programs: withSecret({ file: 'secrets/sa' }), files }).programs
    const [absolute] = load({ programs: withSecret({ file: '/run/secrets/sa' }), files }).programs

    expect(accountOf(relative)?.clientSecret.reveal()).toBe('one')
    expect(accountOf(absolute)?.clientSecret.reveal()).toBe('two')
  })

  it.each([
    'b4tt3ry-h0rse',
    '',
    undefined,
    null,
    { env: '' },
    { env: 7 },
    { env: 'A', file: 'b' },
    { vault: 'x' },
    [{ env: 'A' }],
  ])('is refused when it is %j and not a reference', (value) => {
    const [problem, ...others] = problemsOf({ programs: withSecret(value) })

    expect(problem?.field).toBe('[0].samsung_account.client_secret')
    expect(problem?.rule).toContain('must be a reference, never the secret itself')
    expect(problem?.example).toBe('{ "env": "NAME" } or { "file": "path" }')
    expect(others).toEqual([])
  })

  it.each([
    [{ env: 'EMM_EU_NOWHERE' }, 'names EMM_EU_NOWHERE, which is not set'],
    [{ env: 'EMM_EU_EMPTY' }, 'names EMM_EU_EMPTY, which is not set'],
    [{ env: 'b4tt3ry-h0rse' }, 'names an environment variable, which is not set'],
    [{ env: 'constructor' }, 'names an environment variable, which is not set'],
    [{ file: 'nowhere' }, 'names a file that does not exist; a relative path starts at CONFIG_DIR'],
    [{ file: 'locked' }, 'names a file that cannot be read'],
    [{ file: 'empty' }, 'names an empty file'],
  ])('is refused when %j leads nowhere', (reference, rule) => {
    const found = problemsOf({
      programs: withSecret(reference),
      files: { 'config/locked': 'unreadable', 'config/empty': '\n' },
      env: { EMM_EU_EMPTY: '' },
    })

    expect(found).toEqual([expect.objectContaining({ rule })])
  })

  it.each([
    'change-me',
    'CHANGEME',
    'example',
    'xxx',
    'aaaaaaaa',
    '<secret>',
    '$' + '{SECRET}',
    'todo',
  ])(
    'is refused in strict mode, and accepted in development, when it is the placeholder %s',
    (text) => {
      const env = { EMM_EU_SA_SECRET: text }

      expect(placesOf({ env })).toEqual(['config/programs.json [0].samsung_account.client_secret'])
      expect(placesOf({ env: { ...env, KNOXGATE_MODE: 'development' } })).toEqual([])
    },
  )

  it('is accepted when it only resembles a placeholder', () => {
    expect(placesOf({ env: { EMM_EU_SA_SECRET: 'example-of-a-long-passphrase' } })).toEqual([])
    expect(placesOf({ env: { EMM_EU_SA_SECRET: 'aab' } })).toEqual([])
  })
})

describe('keys', () => {
  const withMode = (mode: number) => ({ 'config/keys/emm-eu.json': { text: KEYS_JSON, mode } })

  it.each([0o400, 0o440, 0o600, 0o640])('are read from a file of mode %i', (mode) => {
    expect(placesOf({ files: withMode(mode) })).toEqual([])
  })

  it.each([0o644, 0o641, 0o642, 0o660, 0o620])(
    'are refused in strict mode, and accepted in development, from a file of mode %i',
    (mode) => {
      const files = withMode(mode)

      expect(problemsOf({ files })).toEqual([
        expect.objectContaining({ field: '[0].keys', rule: expect.stringContaining('chmod 640') }),
      ])
      expect(placesOf({ files, env: { KNOXGATE_MODE: 'development' } })).toEqual([])
    },
  )

  it('are read from a variable too', () => {
    const env = { EMM_EU_KEYS: KEYS_JSON }

    const [read] = load({ programs: [program({ keys: { env: 'EMM_EU_KEYS' } })], env }).programs

    expect(read?.keys.modulusBits).toBe(2048)
  })

  it('can be read again where they came from a file, and only there', () => {
    const fromVariable = program({ id: 'other', keys: { env: 'EMM_EU_KEYS' } })
    const absolute = program({ id: 'third', keys: { file: '/run/secrets/keys.json' } })

    const { programs } = load({
      programs: [program(), fromVariable, absolute],
      env: { EMM_EU_KEYS: KEYS_JSON },
      files: { '/run/secrets/keys.json': KEYS_JSON },
    })

    expect(programs.map(({ keysFile }) => keysFile)).toEqual([
      'config/keys/emm-eu.json',
      undefined,
      '/run/secrets/keys.json',
    ])
  })

  it('are refused with the rule of the key file', () => {
    const files = { 'config/keys/emm-eu.json': '{"Public": "x"}' }

    expect(problemsOf({ files })).toEqual([
      expect.objectContaining({ field: '[0].keys', rule: 'Private is missing' }),
    ])
  })

  it('of 1024 bits are refused, unless the program allows it, and then warned of', () => {
    const files = { 'config/keys/emm-eu.json': newKeysJson(1024) }

    expect(placesOf({ files })).toEqual(['config/programs.json [0].keys'])
    expect(load({ files, programs: [program({ allow_legacy_rsa: true })] }).warnings).toEqual([
      expect.stringMatching(/\[0\]\.keys: RSA of 1024 bits/),
    ])
  })
})
