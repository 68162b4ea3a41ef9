import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url))
const LOCK = { packages: { '': {}, 'node_modules/a': { version: '1.0.0' } } }
const INSTALLED = { packages: { 'node_modules/a': { version: '1.0.0' } } }

/** What stands in for npm: notes how it was called, takes its time, and installs nothing much. */
const NPM = `
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')
if (process.env.NPM_FAILS) { console.error('npm error: no network'); process.exit(1) }
setTimeout(() => {
  mkdirSync('node_modules', { recursive: true })
  writeFileSync('node_modules/.package-lock.json', '${JSON.stringify(INSTALLED)}')
}, 300)
`

let checkout = ''

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'knoxgate-setup-'))
  cpSync(join(scripts, 'setup.mjs'), join(checkout, 'scripts/setup.mjs'))
  cpSync(join(scripts, 'setup'), join(checkout, 'scripts/setup'), { recursive: true })
  writeFileSync(join(checkout, 'package-lock.json'), JSON.stringify(LOCK))
  writeFileSync(join(checkout, 'npm-cli.js'), NPM)
})

afterEach(() => rmSync(checkout, { recursive: true }))

/** Runs setup as a `pre…` hook of npm does. */
const setup = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    const hook = { npm_execpath: join(checkout, 'npm-cli.js'), npm_node_execpath: process.execPath }
    execFile(
      process.execPath,
      [join(checkout, 'scripts/setup.mjs'), ...args],
      { cwd: checkout, env: { PATH: checkout, ...hook, ...env } },
      (error, out, err) => resolve({ code: error === null ? 0 : error.code, out, err }),
    )
  })

const npmCalls = () => {
  const calls = join(checkout, 'calls')
  return existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []
}

describe('setup', () => {
  it('installs exactly what is locked, without install scripts, and says so on standard error', async () => {
    const { code, out, err } = await setup()

    expect({ code, out }).toEqual({ code: 0, out: '' })
    expect(err).toBe('knoxgate setup: installing dependencies …\n')
    expect(npmCalls()).toEqual([
      expect.stringMatching(/^ci --ignore-scripts --include=dev --include=optional /),
    ])
  })

  it('is silent and leaves npm alone when nothing is to do', async () => {
    await setup()

    const again = await setup()

    expect(again).toEqual({ code: 0, out: '', err: '' })
    expect(npmCalls()).toHaveLength(1)
  })

  it('installs again when another version is locked', async () => {
    await setup()
    const other = { packages: { 'node_modules/a': { version: '1.0.1' } } }
    writeFileSync(join(checkout, 'package-lock.json'), JSON.stringify(other))

    await setup()

    expect(npmCalls()).toHaveLength(2)
  })

  it('takes what npm ci has installed before', async () => {
    mkdirSync(join(checkout, 'node_modules'))
    const list = join(checkout, 'node_modules/.package-lock.json')
    writeFileSync(list, JSON.stringify(INSTALLED))

    const { code, err } = await setup()

    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(npmCalls()).toEqual([])
  })

  it('installs once when three are started at the same time', async () => {
    const results = await Promise.all([setup(), setup(), setup()])

    expect(results.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(npmCalls()).toHaveLength(1)
  })

  it('is not held up by the lock of a setup that was killed', async () => {
    mkdirSync(join(checkout, '.knoxgate'))
    // Linux gives out process ids up to 2^22.
    writeFileSync(join(checkout, '.knoxgate/setup.lock'), String(2 ** 22 + 1))

    const { code, err } = await setup()

    expect(code).toBe(0)
    expect(err).not.toContain('waiting')
    expect(existsSync(join(checkout, '.knoxgate/setup.lock'))).toBe(false)
  })

  it('shows what npm said, and what to run, when npm fails, and tries again the next time', async () => {
    const failed = await setup([], { NPM_FAILS: '1' })
    const retried = await setup()

    expect(failed.code).toBe(1)
    expect(failed.err).toContain('npm error: no network\n')
    expect(failed.err).toContain('Run: npm ci --ignore-scripts')
    expect(retried.code).toBe(0)
  })

  it('says what the tests lack where it cannot install it', async () => {
    const { code, out, err } = await setup(['--for-tests'])

    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain('the tests need redis-server and Chromium')
    expect(err).toContain('redis-server chromium fonts-dejavu-core')
  })

  it('takes the Chromium of CHROMIUM_PATH', async () => {
    const { err } = await setup(['--for-tests'], { CHROMIUM_PATH: process.execPath })

    expect(err).toContain('the tests need redis-server, ')
  })
})
