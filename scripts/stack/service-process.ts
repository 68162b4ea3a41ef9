import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { type Child, spawnNode } from './child.ts'

/** A running service, in a process of its own. */
export interface ServiceProcess {
  readonly url: string
  readonly adminUrl: string
  readonly pid: number
  /** Everything it has written so far: one JSON object per line on stdout, and stderr. */
  output(): string
  /** Sends SIGTERM, waits for the end; the exit code. */
  stop(): Promise<number | null>
  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void
  /** Resolves when the process has ended. */
  readonly ended: Promise<number | null>
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts the service and waits until it is ready.
 *
 * @param env - `LOG_LEVEL` must not be above `info`: the addresses are read from the log.
 * @param entry - `src/main.ts` or `dist/main.js`.
 * @throws Error with what it wrote when it ends instead.
 */
export async function startServiceProcess(
  env: Readonly<Record<string, string>>,
  entry = 'src/main.ts',
): Promise<ServiceProcess> {
  const child = spawnNode(entry, env)
  let output = ''
  // Not `exit`, which may come before the last of what it wrote.
  const ended = once(child, 'close').then(([code]) => code as number | null)
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const lines = createInterface({ input: child.stdout })
  const urls = new Map<string, string>()
  const ready = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      output += `${line}\n`
      const event = readEvent(line)
      if (event.event === 'listening') urls.set(String(event.listener), String(event.url))
      if (event.event === 'ready') resolve()
    })
  })
  await Promise.race([ready, ended.then(() => failed(child, output))])
  return {
    url: urls.get('public') ?? '',
    adminUrl: urls.get('admin') ?? '',
    pid: child.pid ?? 0,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
    ended,
  }
}

function failed(child: Child, output: string): never {
  throw new Error(`the service ended with ${child.exitCode} before it was ready:\n${output}`)
}

function readEvent(line: string): Readonly<Record<string, unknown>> {
  try {
    const event: unknown = JSON.parse(line)
    return typeof event === 'object' && event !== null ? { ...event } : {}
  } catch {
    return {}
  }
}
