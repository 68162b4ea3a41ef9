import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { runCli } from '../../../src/cli/cli.ts'
import { hashApiKey } from '../../../src/portal/api-key.ts'
import { Secret } from '../../../src/shared/secret.ts'

const API_KEY_PEPPER = randomBytes(32).toString('base64url')
const ALL_SCOPES = ['connect', 'connections:read', 'connections:write', 'tokens', 'proxy']

/** Runs a command line and returns its exit code and what it printed. */
async function run(line: string, env: Readonly<Record<string, string>> = {}) {
  const printed = { out: '', err: '' }
  const code = await runCli(line === '' ? [] : line.split(' '), '1.2.3', {
    env,
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
    clock: Date.now,
  })
  return { code, ...printed }
}

describe('api-key create', () => {
  it('prints one JSON object: the key and its entry, with every scope unless told otherwise', async () => {
    const { code, out, err } = await run('api-key create --portal acme', { API_KEY_PEPPER })

    const { api_key, entry, ...rest } = JSON.parse(out)
    expect({ code, err, rest }).toEqual({ code: 0, err: '', rest: {} })
    expect(api_key).toMatch(/^kg_[a-z2-7]{10}_[A-Za-z0-9_-]{43}$/)
    expect(entry).toEqual({
      id: api_key.split('_')[1],
      hash: hashApiKey(new Secret(API_KEY_PEPPER), api_key),
      scopes: ALL_SCOPES,
    })
  })

  it('takes id and scopes from the options, each scope once', async () => {
    const line = 'api-key create --portal acme --id 2026-11 --scopes tokens,proxy,tokens'

    const { out } = await run(line, { API_KEY_PEPPER })

    expect(JSON.parse(out).entry).toMatchObject({ id: '2026-11', scopes: ['tokens', 'proxy'] })
  })

  it.each([
    ['--portal acme --scopes tokens,admin', '--scopes must be a list of connect, '],
    ['--portal acme --scopes tokens,', '--scopes must be a list of connect, '],
    ['--portal Acme', '--portal must be 1 to 63 of '],
    ['--portal acme --id a_b', '--id must be 1 to 63 of '],
    ['', "required option '--portal <id>' not specified"],
    ['--portal acme --speed', "unknown option '--speed'"],
    ['--portal acme more', 'too many arguments'],
  ])('exits with 64 and prints no key for "%s"', async (options, message) => {
    const { code, out, err } = await run(`api-key create ${options}`.trim(), { API_KEY_PEPPER })

    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(err).toContain(message)
  })

  it.each([
    ['is not set', {}],
    ['is too short', { API_KEY_PEPPER: 'p'.repeat(31) }],
    ['is a placeholder', { API_KEY_PEPPER: 'change-me-change-me-change-me-change-me' }],
  ])('exits with 78 and names the pepper when it %s', async (_, env) => {
    const { code, out, err } = await run('api-key create --portal acme', env)

    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toContain('API_KEY_PEPPER: ')
    expect(err).toContain('1 problem\n')
  })
})

describe('secrets create', () => {
  it('prints three lines for the environment, new ones each time', async () => {
    const first = await run('secrets create')
    const second = await run('secrets create')

    expect(first.out).toMatch(
      /^VAULT_KEYS=k[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\nAPI_KEY_PEPPER=[\w-]{43}\nADMIN_TOKEN=[\w-]{43}\n$/,
    )
    const lines = [...first.out.trim().split('\n'), ...second.out.trim().split('\n')]
    expect(new Set(lines).size).toBe(6)
  })

  it('prints a pepper that api-key create accepts', async () => {
    const { out } = await run('secrets create')
    const pepper = /^API_KEY_PEPPER=(.*)$/m.exec(out)?.[1] ?? ''

    const { code } = await run('api-key create --portal acme', { API_KEY_PEPPER: pepper })

    expect(code).toBe(0)
  })
})

describe('a command line without a command', () => {
  it.each(['', 'api-key', 'secrets', 'config'])('"%s" gets help and exit code 64', async (line) => {
    const { code, out, err } = await run(line)

    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(err).toContain(`Usage: ${`knoxgate ${line}`.trim()} `)
  })

  it('gets a hint when the command is unknown, and exit code 64', async () => {
    const { code, err } = await run('config chek')

    expect(code).toBe(64)
    expect(err).toContain("unknown command 'chek'")
    expect(err).toContain('Did you mean check?')
    expect(err).toContain('--help lists commands and options')
  })

  it('gets help and version on standard output when it asks, and exit code 0', async () => {
    const help = await run('--help')
    const version = await run('--version')

    expect(help).toMatchObject({ code: 0, err: '', out: expect.stringContaining('api-key') })
    expect(version).toEqual({ code: 0, err: '', out: '1.2.3\n' })
  })
})
