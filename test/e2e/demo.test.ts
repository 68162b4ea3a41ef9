import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startDemo } from '../../scripts/demo/start.ts'
import type { Step } from '../../scripts/demo/steps.ts'
import { walk } from '../../scripts/demo/walk.ts'
import { freePort } from '../../scripts/stack/service-process.ts'

const ROOT = join(import.meta.dirname, '../..')
const STEPS = [
  'started',
  'session created',
  'consent page shown',
  'consent given',
  'tokens sealed, connection active',
  'Knox token handed out',
  'profiles listed',
  'SA token expired and renewed',
  'trust missing',
  'trust present again',
  'consent revoked',
  'reconnected',
]
// biome-ignore lint/suspicious/noControlCharactersInRegex: how a terminal is told about colours
const ESCAPE = /\u001b\[/
const API_KEY = /kg_[\w-]+/
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/

/** Where the demo puts its files, and no other test does. */
let tmp: string
let cleanups: (() => unknown)[]

beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'demo-test-'))
  cleanups = []
})

afterEach(async () => {
  for (const cleanUp of cleanups) await cleanUp()
  rmSync(tmp, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly ended: Promise<number | null>
  stdout(): string
  stderr(): string
  /** Resolves when standard output shows the text; rejects when it ended without. */
  shows(text: string): Promise<void>
}

/** Runs the demo, or a shell that runs it, as the leader of a process group of its own. */
function runDemo(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
): Run {
  const script = ['--disable-warning=ExperimentalWarning', 'scripts/demo.ts']
  const [command = '', ...rest] = [...through, process.execPath, ...script, ...flags]
  const child = spawn(command, rest, {
    cwd: ROOT,
    detached: true,
    env: { PATH: process.env.PATH, TMPDIR: tmp, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const run: Run = {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    async shows(text) {
      const over = ended.then(() => Promise.reject(new Error(`ended without “${text}”: ${stdout}`)))
      over.catch(() => {})
      while (!stdout.includes(text)) await Promise.race([once(child.stdout, 'data'), over])
    },
  }
  cleanups.push(() => killGroup(child))
  return run
}

function killGroup({ pid }: Run['child']): void {
  try {
    process.kill(-Number(pid), 'SIGKILL')
  } catch {
    // As it should be: nobody is left.
  }
}

/** Processes of the run's group that still do something; a zombie only waits for its parent. */
function processesOf({ child }: Run): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    const [state, , group] = statOf(pid)
    return group === String(child.pid) && state !== 'Z'
  })
}

/** State, parent and process group of a process (proc_pid_stat(5)). */
function statOf(pid: string): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** A process that got SIGKILL is gone a moment later. */
async function leavesNothing(run: Run): Promise<void> {
  for (let round = 0; round < 100 && processesOf(run).length > 0; round++) await sleep(20)
  expect(processesOf(run)).toEqual([])
  expect(readdirSync(tmp).filter((name) => name.startsWith('knoxgate-'))).toEqual([])
}

describe('npm run demo -- --once', () => {
  it('prints each step with its duration, no colour, no credential, and leaves nothing', async () => {
    const run = runDemo(['--once'])

    const code = await run.ended

    expect({ code, stderr: run.stderr() }).toEqual({ code: 0, stderr: '' })
    const steps = run.stdout().match(/^✓.*$/gm) ?? []
    expect(steps.map((line) => line.slice(2, 36).trim())).toEqual(STEPS)
    for (const line of steps) expect(line).toMatch(/ \d+ ms {2}\S/)
    for (const unwanted of [ESCAPE, API_KEY, JWT]) expect(run.stdout()).not.toMatch(unwanted)
    await leavesNothing(run)
  })

  it('says what is wrong and exits 1 when it cannot start', async () => {
    const run = runDemo(['--once'], { TMPDIR: join(tmp, 'absent') })

    const code = await run.ended

    expect(code).toBe(1)
    expect(run.stdout()).toMatch(/^✗ started +\d+ ms\n {2}ENOENT/m)
    await leavesNothing(run)
  })

  it('ends its children when it is stopped while they start', async () => {
    const run = runDemo(['--once'])
    await run.shows('knoxgate:')

    run.child.kill('SIGTERM')

    expect(await run.ended).toBe(143)
    await leavesNothing(run)
  })

  it('ends its children when nobody reads its output any more', async () => {
    const run = runDemo(['--once'])
    await run.shows('✓ started')

    run.child.stdout.destroy()

    expect(await run.ended).toBe(1)
    await leavesNothing(run)
  })
})

describe('npm run demo', () => {
  it('stays up on ports that are free, in colour if asked to, until Ctrl-C', async () => {
    const other = createServer().listen(8080, '127.0.0.1')
    cleanups.push(() => other.close())
    await Promise.race([once(other, 'listening'), once(other, 'error')]).catch(() => {})
    const run = runDemo([], { FORCE_COLOR: '1' })
    await run.shows('Ctrl-C stops it')
    await run.shows('readyz?verbose')

    const portal = /http:\/\/localhost:\d+(?= +the example portal)/.exec(run.stdout())?.[0] ?? ''
    const home = await (await fetch(portal)).text()
    process.kill(-Number(run.child.pid), 'SIGINT')

    expect(await run.ended).toBe(0)
    expect(home).toContain('ada@fernhill.example')
    expect(run.stdout()).toMatch(ESCAPE)
    expect(run.stdout()).toMatch(/knoxgate :(?!8080)/)
    await expect(fetch(portal)).rejects.toThrow()
    await leavesNothing(run)
  })

  it('ends with the shell through which npm runs it', async () => {
    const run = runDemo([], { npm_lifecycle_event: 'demo' }, ['/bin/sh', '-c', '"$@"; :', 'sh'])
    await run.shows('readyz?verbose')

    run.child.kill('SIGTERM')

    await run.ended
    await leavesNothing(run)
  })

  it.each([
    ['--help', 0, 'stdout'],
    ['--nonsense', 2, 'stderr'],
  ] as const)('explains itself for %s and starts nothing', async (flag, code, where) => {
    const run = runDemo([flag])

    expect(await run.ended).toBe(code)
    expect(run[where]()).toContain('npm run demo -- --once')
  })
})

describe('the walk', () => {
  it('ends at the first step that comes out otherwise, with what was expected and what came', async () => {
    const demo = await startDemo(freePort)
    cleanups.push(() => demo.stop())
    demo.sandbox.addFault({ on: 'token', do: { kind: 'status', status: 503 } })
    const done: string[] = []
    const step: Step = async (label, work) => {
      await work()
      done.push(label)
    }

    const outcome = walk(demo, step)

    await expect(outcome).rejects.toMatchObject({
      name: 'Unexpected',
      expected: expect.stringContaining('Connected by ada@fernhill.example'),
      got: expect.stringContaining('Please connect again'),
    })
    expect(done).toEqual(['session created', 'consent page shown', 'consent given'])
  })
})
