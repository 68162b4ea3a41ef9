import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { newKeysJson } from '../unit/config/valid-config.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'knoxgate-cli-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

/** Runs the CLI as a process with exactly these variables, away from the checkout. */
const run = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    const options = { env: { ...env }, cwd: directory }
    execFile(
      process.execPath,
      [join(root, 'src/cli/main.ts'), ...args],
      options,
      (error, out, err) => resolve({ code: error === null ? 0 : error.code, out, err }),
    )
  })

/** Writes a configuration that passes in strict mode and returns its variables. */
function writeConfig(): Record<string, string> {
  for (const name of ['programs', 'portals']) {
    copyFileSync(join(root, `config/${name}.example.json`), join(directory, `${name}.json`))
  }
  mkdirSync(join(directory, 'keys'))
  writeFileSync(join(directory, 'keys/emm-eu.json'), newKeysJson(), { mode: 0o640 })
  writeFileSync(join(directory, 'admin-token'), `${randomBytes(32).toString('hex')}\n`)
  return {
    CONFIG_DIR: directory,
    PUBLIC_URL: 'https://connect.example.com',
    REDIS_URL: 'redis://redis.internal',
    VAULT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    API_KEY_PEPPER: randomBytes(32).toString('base64'),
    ADMIN_TOKEN_FILE: 'admin-token',
    EMM_EU_CLIENT_IDENTIFIER: 'eyJhbGciOiJIUzUxMiJ9.e30.c2ln',
    EMM_EU_SA_SECRET: 'b4tt3ry-h0rse',
  }
}

describe('the command line', () => {
  it('makes an API key with a pepper and nothing else', async () => {
    const env = { API_KEY_PEPPER: randomBytes(32).toString('hex') }

    const { code, out, err } = await run(['api-key', 'create', '--portal', 'acme-console'], env)

    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toEqual({
      api_key: expect.stringMatching(/^kg_/),
      entry: expect.objectContaining({ hash: expect.any(String) }),
    })
  })

  it('finds a whole configuration valid', async () => {
    const { code, out, err } = await run(['config', 'check'], writeConfig())

    expect({ code, out, err }).toEqual({
      code: 0,
      out: 'configuration is valid: 1 program, 1 portal\n',
      err: '',
    })
  })

  it('prints warnings of a configuration that is valid', async () => {
    const env = writeConfig()
    writeFileSync(join(directory, 'portals.json'), '[]')

    const { out } = await run(['config', 'check'], env)

    expect(out).toMatch(
      /^warning: config\/portals\.json: .*\nconfiguration is valid: 1 program, 0 portals\n$/,
    )
  })

  it('prints all problems and exits with 78, a key file that others can read among them', async () => {
    const { PUBLIC_URL: _, ...env } = writeConfig()
    writeFileSync(join(directory, 'portals.json'), '[{"id": "x"')
    chmodSync(join(directory, 'keys/emm-eu.json'), 0o644)

    const { code, out, err } = await run(['config', 'check'], env)

    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toContain('3 problems')
    expect(err).toMatch(/^ {2}PUBLIC_URL: is not set: /m)
    expect(err).toMatch(/^ {2}config\/programs\.json \[0\]\.keys: .*chmod 640/m)
    expect(err).toMatch(/^ {2}config\/portals\.json: is not valid JSON/m)
  })

  it('tells its version', async () => {
    const { code, out } = await run(['--version'], {})

    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})
