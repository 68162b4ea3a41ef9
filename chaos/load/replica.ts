import { type ServiceProcess, startServiceProcess } from '../../scripts/stack/service-process.ts'

/** One place in a deployment: a service on a fixed port, which ends and is started again. */
export interface Replica {
  readonly number: number
  readonly url: string
  /** The process that runs there now, or did last. */
  current(): ServiceProcess
  /** SIGTERM, and waits for the end. */
  stop(): Promise<{ readonly code: number | null; readonly ms: number }>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** Starts a new process on the same port; ready when this resolves. */
  start(): Promise<void>
  /** Everything that the processes of this place have written. */
  output(): string
}

export interface ReplicaOptions {
  readonly number: number
  readonly first: ServiceProcess
  readonly env: Readonly<Record<string, string>>
  /** Path of the built service. */
  readonly entry: string
}

/** Takes over a running service. */
export function createReplica({ number, first, env, entry }: ReplicaOptions): Replica {
  const processes: ServiceProcess[] = [first]
  const { port } = new URL(first.url)
  let latest = first

  return {
    number,
    url: first.url,
    current: () => latest,
    async stop() {
      const startedAt = performance.now()
      const code = await latest.stop()
      return { code, ms: performance.now() - startedAt }
    },
    async kill() {
      latest.signal('SIGKILL')
      await latest.ended
    },
    async start() {
      latest = await startServiceProcess({ ...env, PORT: port }, entry)
      processes.push(latest)
    },
    output: () => processes.map((one) => one.output()).join('\n'),
  }
}
