import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** How a server is reached; by everybody in plain when nothing is said. */
export interface RedisAccess {
  /** Over TLS only, with these PEM files; the certificate vouches for itself. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  /** The only user there is, but for `default`, which has the same password and may do everything. */
  readonly login?: { readonly user: string; readonly password: string; readonly rules: string }
}

export interface RedisServerOptions {
  /** Arguments of redis-server after ours, so that they win. */
  readonly args?: readonly string[]
  /** Where it keeps its files; a new directory, removed by `stop`, when absent. */
  readonly dir?: string
  /** To start again where another one ran; a free port when absent. */
  readonly port?: number
  readonly access?: RedisAccess
}

export interface RedisServer {
  readonly port: number
  /** For its user, if it has one. */
  readonly url: string
  readonly pid: number
  readonly dir: string
  /** Asks it with redis-cli, as an operator would. @throws when it does not answer within a second */
  cli(...args: readonly string[]): Promise<string>
  /** Ends it, hung or not, and resolves when it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Ports are found free and then taken by another process, so the first start may fail. */
const ATTEMPTS = 5
const CLI_TIMEOUT_MS = 1000

const run = promisify(execFile)

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * A loopback port that nobody listens on, nor on the one 10000 above, which a cluster takes as well. Both
 * are below those that outgoing connections are given, or one of them could be taken at any moment.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 22_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
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

const listeningArgs = (port: number, { tls }: RedisAccess): readonly string[] => {
  if (tls === undefined) return ['--port', `${port}`, '--bind', '127.0.0.1']
  const { certFile, keyFile } = tls
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile]
  const peers = ['--tls-ca-cert-file', certFile, '--tls-auth-clients', 'no']
  const everyWay = ['--tls-replication', 'yes', '--tls-cluster', 'yes']
  const listening = ['--port', '0', '--tls-port', `${port}`, '--bind', '127.0.0.1']
  return [...listening, ...files, ...peers, ...everyWay]
}

const loginArgs = ({ login }: RedisAccess): readonly string[] => {
  if (login === undefined) return []
  const { user, password, rules } = login
  const own = ['--user', user, 'on', `>${password}`, ...rules.split(' ')]
  return [...own, '--requirepass', password, '--masterauth', password]
}

/** What redis-cli needs besides an address. */
export const cliArgs = ({ tls, login }: RedisAccess): readonly string[] => [
  ...(tls === undefined ? [] : ['--tls', '--cacert', tls.certFile]),
  ...(login === undefined ? [] : ['-a', login.password, '--no-auth-warning']),
]

/** Scheme and user of a URL, up to where the addresses begin. */
export const urlHead = ({ tls, login }: RedisAccess, kind = ''): string => {
  const scheme = tls === undefined ? 'redis' : 'rediss'
  return `${scheme}${kind}://${login === undefined ? '' : `${login.user}:${login.password}@`}`
}

const cliOf =
  (port: number, access: RedisAccess): RedisServer['cli'] =>
  async (...args) => {
    const all = ['-p', `${port}`, ...cliArgs(access), ...args]
    const { stdout } = await run('redis-cli', all, { timeout: CLI_TIMEOUT_MS })
    return stdout.trim()
  }

async function attempt(options: RedisServerOptions, dir: string): Promise<RedisServer> {
  const { access = {} } = options
  const port = options.port ?? (await freePort())
  const own = [...listeningArgs(port, access), '--dir', dir, ...loginArgs(access)]
  const unkept = ['--save', '', '--appendonly', 'no', '--daemonize', 'no']
  const args = [...own, ...unkept, ...(options.args ?? [])]
  const child = await startProcess(args, /Ready to accept connections/)
  return {
    port,
    url: `${urlHead(access)}127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    dir,
    cli: cliOf(port, access),
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

export interface SentinelOptions {
  /** Where clients and sentinels reach the watched server. */
  readonly watchedPort: number
  /** How many sentinels must agree; 1 when absent. */
  readonly quorum?: number
  /** More lines of its configuration, such as `sentinel down-after-milliseconds knox 500`. */
  readonly lines?: readonly string[]
  readonly access?: RedisAccess
}

/** Starts one sentinel that watches a server under the name `knox`. It asks for no password itself. */
export async function startSentinel(options: SentinelOptions): Promise<RedisServer> {
  const { watchedPort, quorum = 1, lines = [], access = {} } = options
  const dir = await mkdtemp(join(tmpdir(), 'knoxgate-sentinel-'))
  const port = await freePort()
  const file = join(dir, 'sentinel.conf')
  const monitor = `sentinel monitor knox 127.0.0.1 ${watchedPort} ${quorum}`
  const { login } = access
  const auth = login === undefined ? [] : [`sentinel auth-pass knox ${login.password}`]
  await writeFile(file, `${[monitor, ...auth, ...lines].join('\n')}\n`)
  const own = ['--sentinel', ...listeningArgs(port, access), '--dir', dir]
  const child = await startProcess([file, ...own], /\+monitor master knox/)
  return {
    port,
    url: `${urlHead(access, '+sentinel')}127.0.0.1:${port}/knox`,
    pid: child.pid ?? 0,
    dir,
    cli: cliOf(port, access.tls === undefined ? {} : { tls: access.tls }),
    async stop(signal = 'SIGKILL') {
      await stopProcess(child, signal)
      await rm(dir, { recursive: true, force: true })
    },
  }
}
