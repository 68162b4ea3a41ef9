import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')

interface Entry {
  version?: string
  integrity?: string
  resolved?: string
  license?: string
  dev?: boolean
  optional?: boolean
  hasInstallScript?: boolean
  link?: boolean
  inBundle?: boolean
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}
type Lock = { lockfileVersion: number; packages: Record<string, Entry> }

const readLock = (): Lock => JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))

/** Runs a script of the repository; standard output, or standard error with the exit code. */
const run = (script: string, ...args: readonly string[]) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    const options = { cwd: root, maxBuffer: 1 << 26 }
    execFile(process.execPath, [join('scripts', script), ...args], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    )
  })

describe('the packages that would be installed', () => {
  it('give no reason to object', async () => {
    expect(await run('check-packages.mjs')).toEqual({
      code: 0,
      out: 'packages: nothing to object to\n',
      err: '',
    })
  })

  /** What the check says of a lock file that was changed. */
  async function complaintsAbout(change: (packages: Lock['packages'], lock: Lock) => void) {
    const dir = mkdtempSync(join(tmpdir(), 'knoxgate-lock-'))
    const lock = readLock()
    change(lock.packages, lock)
    writeFileSync(join(dir, 'lock.json'), JSON.stringify(lock))
    const { code, err } = await run('check-packages.mjs', join(dir, 'lock.json'))
    rmSync(dir, { recursive: true })
    return [code, err.trim()]
  }
  const express = (packages: Lock['packages']): Entry => packages['node_modules/express'] ?? {}
  const INTEGRITY = readLock().packages['node_modules/express']?.integrity ?? ''
  const added = { version: '1.0.0', integrity: INTEGRITY }

  it.each<[string, (packages: Lock['packages'], lock: Lock) => void]>([
    [
      'express has an install script that is not allowed',
      (packages) => {
        express(packages).hasInstallScript = true
      },
    ],
    [
      '@swc/core has an install script and runs with the service',
      (packages) => {
        delete packages['node_modules/@swc/core']?.dev
      },
    ],
    [
      'node_modules/express has no sha512 integrity',
      (packages) => {
        delete express(packages).integrity
      },
    ],
    [
      'node_modules/express has no sha512 integrity',
      (packages) => {
        express(packages).integrity = 'sha1-BfFJiaIWahrKL8pV7rDH8JwzkXU='
      },
    ],
    [
      'node_modules/express comes from elsewhere than https://registry.npmjs.org/',
      (packages) => {
        express(packages).resolved = 'https://registry.npmjs.org.evil.example/express.tgz'
      },
    ],
    [
      'node_modules/express comes from elsewhere than https://registry.npmjs.org/',
      (packages) => {
        express(packages).resolved = 'git+ssh://git@github.com/expressjs/express.git#5.3.0'
      },
    ],
    [
      'node_modules/express is a link',
      (packages) => {
        express(packages).link = true
      },
    ],
    [
      'node_modules/express came inside another package',
      (packages) => {
        express(packages).inBundle = true
      },
    ],
    [
      'debug 4.4.2 is refused: 2025: taken over, rewrote payments',
      (packages) => {
        packages['node_modules/express/node_modules/debug'] = { ...added, version: '4.4.2' }
      },
    ],
    [
      'flatmap-stream 1.0.0 is refused: 2018: made for the theft through event-stream',
      (packages) => {
        packages['node_modules/flatmap-stream'] = added
      },
    ],
    [
      'axios 1.0.0 is refused: 2026: 1.14.1 and 0.30.4 were malware; undici is the one way out',
      (packages) => {
        packages['node_modules/express/node_modules/axios'] = added
      },
    ],
    ...['expres', 'exrpess', 'expresss', 'exqress', '@express'].map(
      (name): [string, (packages: Lock['packages']) => void] => [
        `${name} looks like express`,
        (packages) => {
          packages[`node_modules/${name}`] = added
        },
      ],
    ),
    [
      'express is not pinned to one version',
      (packages) => {
        packages[''] = { ...packages[''], dependencies: { express: '^5.3.0' } }
      },
    ],
    [
      'allowed.json names @parcel/watcher, which needs no exception',
      (packages) => {
        delete packages['node_modules/@parcel/watcher']
      },
    ],
    [
      'package-lock.json is not of version 3',
      (_, lock) => {
        lock.lockfileVersion = 1
      },
    ],
  ])('would be refused: %s', async (complaint, change) => {
    expect(await complaintsAbout(change)).toEqual([1, complaint])
  })

  it('may have a name of their own, and come from the registry by name', async () => {
    const [code] = await complaintsAbout((packages) => {
      packages['node_modules/impress'] = added
      express(packages).resolved = 'https://registry.npmjs.org/express/-/express-5.3.0.tgz'
    })

    expect(code).toBe(0)
  })
})

describe('the bill of materials', () => {
  it('has every package that runs with the service, each once, with version, hash and license', async () => {
    const { out } = await run('sbom.mjs')
    const bill = JSON.parse(out)

    const running = Object.entries(readLock().packages).filter(
      ([path, { dev }]) => path !== '' && dev !== true,
    )
    const refs = bill.components.map((one: { purl: string }) => one.purl)
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 })
    expect(new Set(refs).size).toBe(refs.length)
    expect(refs).toHaveLength(running.length)
    for (const [path, { version, integrity, license, optional }] of running) {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
      const sha512 = Buffer.from((integrity ?? '').slice(7), 'base64').toString('hex')
      const found = bill.components.find((one: { purl: string }) => one.purl === purl)
      expect(found).toMatchObject({
        version,
        scope: optional === true ? 'optional' : 'required',
        hashes: [{ alg: 'SHA-512', content: sha512 }],
        licenses: [{ license: { id: license } }],
      })
    }
  })

  it('says who needs whom, and every part is needed by somebody', async () => {
    const bill = JSON.parse((await run('sbom.mjs')).out)
    const { 'bom-ref': self } = bill.metadata.component
    const needs = new Map<string, readonly string[]>(
      bill.dependencies.map((one: { ref: string; dependsOn: readonly string[] }) => [
        one.ref,
        one.dependsOn,
      ]),
    )
    const reached = new Set<string>()
    const visit = (ref: string): void => {
      if (reached.has(ref)) return
      reached.add(ref)
      for (const next of needs.get(ref) ?? []) visit(next)
    }
    visit(self)

    expect([...reached].toSorted()).toEqual(
      [self, ...bill.components.map((one: { purl: string }) => one.purl)].toSorted(),
    )
    expect(needs.get(self)).toContain('pkg:npm/express@5.3.0')
  })

  it('is the same for the same lock file, and larger with what builds and tests', async () => {
    const [one, two, all] = await Promise.all([
      run('sbom.mjs'),
      run('sbom.mjs'),
      run('sbom.mjs', '--all'),
    ])

    expect(two.out).toBe(one.out)
    expect(JSON.parse(one.out).serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(JSON.parse(all.out).components.length).toBeGreaterThan(500)
    expect(all.out).toContain('"scope": "excluded"')
  })
})
