import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const INSTALL_MS = 120_000
const CI = ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline']
/** What npm says where there is neither a registry nor a cache. */
const NO_REGISTRY = /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT/

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'knoxgate-install-'))
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(join(root, file), join(dir, file))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const npm = (...args: readonly string[]) =>
  new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile('npm', [...args], { cwd: dir, timeout: INSTALL_MS }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, text: out + err }),
    )
  })

/** Top folders of packages, `@scope/name` as one. */
const installed = (): readonly string[] =>
  readdirSync(join(dir, 'node_modules'))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(dir, 'node_modules', name)).map((one) => `${name}/${one}`)
        : [name],
    )

it(
  'a production install takes what runs with the service, and runs no script',
  async () => {
    const done = await npm(...CI, '--omit=optional')
    if (NO_REGISTRY.test(done.text)) {
      // Then at least lock file and manifest agree, which is what npm refuses first.
      expect(await npm(...CI, '--omit=optional', '--dry-run')).toMatchObject({ code: 0 })
      return
    }

    expect([done.code, done.text]).toEqual([0, expect.any(String)])
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    const wanted = Object.entries<{ dev?: true; optional?: true }>(packages).flatMap(
      ([path, { dev, optional }]) => {
        const isTop = path.lastIndexOf('node_modules/') === 0
        return isTop && dev !== true && optional !== true
          ? [path.slice('node_modules/'.length)]
          : []
      },
    )
    expect([...installed()].toSorted()).toEqual(wanted.toSorted())
    expect(existsSync(join(dir, 'node_modules/.bin/tsc'))).toBe(false)
  },
  INSTALL_MS,
)
