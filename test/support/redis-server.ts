import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisServerOptions {
  /** Arguments of redis-server after ours, so that they win. */
  readonly args?: readonly string[]
  /** Where it keeps its files; a new directory, removed by `stop`, when absent. */
  readonly dir?: string
  /** To start again where another one ran; a free port when absent. */
  readonly port?: number
}

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly pid: number
  readonly dir: string
  /** Ends it, hung or not, and resolves when it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Ports are found free and then taken by another process, so the first start may fail. */
const ATTEMPTS = 5

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A loopback port that nobody listens on; low enough for a cluster's second port, 10000 above. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    await once(server, 'close')
    if (typeof address === 'object' && address !== null && address.port < 55_000) {
      return address.port
    }
  }
}

/** Starts a process and resolves when its output matches; rejects when it ends before. */
async function startProcess(args: readonly string[], ready: RegExp): Promise<ChildProcess> {
  const child = spawn('redis-server', [...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended: ${output.slice(-500)}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      if (ready.test(output)) return
      output += chunk.toString()
      if (ready.test(output)) resolve()
    })
  })
  return child
}

async function stopProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  // A stopped process takes the signal when it is let go on.
  child.kill('SIGCONT')
  await ended
}

async function attempt(options: RedisServerOptions, dir: string): Promise<RedisServer> {
  const port = options.port ?? (await freePort())
  const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir]
  const unkept = ['--save', '', '--appendonly', 'no', '--daemonize', 'no']
  const args = [...own, ...unkept, ...(options.args ?? [])]
  const child = await startProcess(args, /Ready to accept connections/)
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    dir,
    async stop(signal = 'SIGKILL') {
      await stopProcess(child, signal)
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Starts a private redis-server on the loopback that keeps nothing unless `args` say so. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'knoxgate-redis-')))
  for (let left = ATTEMPTS; ; left -= 1) {
    try {
      return await attempt(options, dir)
    } catch (error) {
      if (left > 1) continue
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
      throw error
    }
  }
}

/** Starts one sentinel that watches a server under the name `knox`. */
export async function startSentinel(watched: RedisServer): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'knoxgate-sentinel-'))
  const port = await freePort()
  const file = join(dir, 'sentinel.conf')
  await writeFile(file, `sentinel monitor knox 127.0.0.1 ${watched.port} 1\n`)
  const own = ['--sentinel', '--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir]
  const child = await startProcess([file, ...own], /\+monitor master knox/)
  return {
    port,
    url: `redis+sentinel://127.0.0.1:${port}/knox`,
    pid: child.pid ?? 0,
    dir,
    async stop(signal = 'SIGKILL') {
      await stopProcess(child, signal)
      await rm(dir, { recursive: true, force: true })
    },
  }
}
