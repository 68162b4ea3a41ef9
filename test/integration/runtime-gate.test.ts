import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { buildService } from '../../scripts/stack/build-service.ts'
import { freePort, startServiceProcess } from '../../scripts/stack/service-process.ts'
import { type Stack, startStack } from '../../scripts/stack/stack.ts'
import { tooOldToRun } from '../../src/config/runtime.ts'
import { advisoryOf } from '../../src/vault/redis-advisories.ts'
import { type Rig, startRig } from '../support/service-rig.ts'

const BUILD_MS = 60_000
const EXIT_CONFIG = 78
const REMEDY = 'install Node 24 LTS from https://nodejs.org/en/download'

/** Where systems put a Node of their own, which npm scripts pass by. */
const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find(
  (path) => existsSync(path) && tooOldToRun(versionOf(path)) !== null,
)

function versionOf(path: string): string {
  return execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1)
}

/** Makes a process take itself for another Node. */
const as = (version: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`,
})

const run = (node: string, args: readonly string[], env: Readonly<Record<string, string>>) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(node, [...args], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    )
  })
const start = (env: Readonly<Record<string, string>>) => run(process.execPath, ['src/main.ts'], env)

/** Lines about Node among those about a configuration that is empty. */
const aboutNode = (text: string) => text.split('\n').filter((line) => line.startsWith('  Node: '))

describe('a service that is started with a Node that is too old', () => {
  it.each(['18.20.8', '20.20.2', '22.18.0'])(
    'says only that, and what to do: %s',
    async (version) => {
      const { code, out, err } = await start(as(version))

      expect([code, out]).toEqual([EXIT_CONFIG, ''])
      expect(err).toContain(
        `configuration is not valid: 1 problem\n  Node: must be 22.19 or later, and this is Node ${version}: ${REMEDY}\n`,
      )
      expect(err).not.toContain('PUBLIC_URL')
    },
  )

  it('goes on to its configuration with the oldest that will do', async () => {
    const { code, err } = await start(as('22.19.0'))

    expect(code).toBe(EXIT_CONFIG)
    expect(err).toContain('PUBLIC_URL: is not set')
    expect(aboutNode(err)).toEqual([])
  })

  const itIfThereIsOne = oldNode === undefined ? it.skip : it
  itIfThereIsOne(
    'says so where there is one, as it is built',
    async () => {
      const version = versionOf(oldNode ?? '')
      const { code, out, err } = await run(oldNode ?? '', [await buildService()], {})

      expect([code, out]).toEqual([EXIT_CONFIG, ''])
      expect(err).toBe(`configuration is not valid: 1 problem\n  Node: ${tooOldToRun(version)}\n`)
    },
    BUILD_MS,
  )
})

describe('a service that is started on a Redis of any version', () => {
  let rig: Rig

  beforeAll(async () => {
    rig = await startRig()
  })
  afterAll(() => rig?.close())

  it('says at the start whether that version is known to lack a security fix', async () => {
    const version = /^redis_version:(\S+)/m.exec(await rig.db.info('server'))?.[1] ?? ''
    const told = rig.stack.services[0]?.output().includes('"event":"store_outdated"')

    expect(told).toBe(advisoryOf({ kind: 'redis', version }) !== null)
  })
})

describe('a service that is started with a Node whose line has ended', () => {
  let stack: Stack

  beforeAll(async () => {
    stack = await startStack()
  })
  afterAll(() => stack?.close())

  it('is refused in strict mode, beside everything else that is wrong', async () => {
    const { code, err } = await start(as('23.11.1'))

    expect(code).toBe(EXIT_CONFIG)
    expect(err).toContain('PUBLIC_URL: is not set')
    expect(aboutNode(err)).toEqual([expect.stringContaining('must not be 23.11.1')])
  })

  it('starts in development, with a warning in the log and in verbose readiness', async () => {
    const env = { ...stack.env, PORT: String(await freePort()), ...as('23.11.1') }
    const service = await startServiceProcess(env)
    const response = await fetch(`${service.adminUrl}/readyz?verbose`, {
      headers: { authorization: `Bearer ${stack.adminToken}` },
    })
    const body = await response.text()
    await service.stop()

    const [starting = ''] = service
      .output()
      .split('\n')
      .filter((line) => line.includes('"starting"'))
    expect(starting).toContain('Node must not be 23.11.1')
    expect(body).toContain('Node must not be 23.11.1')
  })

  it('is told of by the check of the configuration', async () => {
    const env = { ...stack.env, ...as('23.11.1') }
    const args = ['src/cli/main.ts', 'config', 'check']
    const { code, out } = await run(process.execPath, args, env)

    expect(code).toBe(0)
    expect(out).toContain('warning: Node must not be 23.11.1')
  })
})
