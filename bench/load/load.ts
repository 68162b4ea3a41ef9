import { startChild } from '../child.ts'
import { cpuSecondsOf, machineSeconds } from '../machine.ts'
import type { LoadOrder, LoadReport } from './messages.ts'

/** A server that can be put under load. */
export interface Target {
  readonly name: string
  readonly url: string
  readonly pid: number
  readonly paths: readonly string[]
  readonly authorization: string
}

/** One target in one round. */
export interface Sample {
  readonly requestsPerSecond: number
  /** Processor time of the server per request, in µs; NaN where the system does not tell. */
  readonly cpuMicros: number
  /** How many requests that were. */
  readonly answered: number
  /** Share of the machine that went to processes of others; 0 where it cannot be told. */
  readonly disturbance: number
}

export interface Load {
  /** Puts one target under load. @throws Error when a request failed */
  run(target: Target, until: LoadOrder['until']): Promise<Sample>
  stop(): Promise<void>
}

/** As many callers as the design's figures were measured with. */
const CONNECTIONS = 32

/**
 * Starts the load generator.
 *
 * @param pids - Processes that work for whatever is measured, beside the generator.
 */
export function startLoad(pids: readonly number[]): Load {
  const generator = startChild(new URL('./generator.ts', import.meta.url))

  return {
    async run(target, until) {
      const { url, paths, authorization, name, pid } = target
      const order: LoadOrder = { url, paths, authorization, connections: CONNECTIONS, until }
      const finish = startMeter(pid, [...pids, generator.pid])
      // Only our own generator sends here, and nothing but this.
      const report = (await generator.ask(order)) as LoadReport
      const { cpuSeconds, disturbance } = finish()
      const { requestsPerSecond, answered, failed } = report
      if (failed > 0) throw new Error(`${name}: ${failed} requests failed`)
      return { requestsPerSecond, answered, cpuMicros: (cpuSeconds / answered) * 1e6, disturbance }
    },
    stop: generator.stop,
  }
}

/** Meters processor time from now on: the server's, and what nobody of ours took. */
function startMeter(server: number, helpers: readonly number[]) {
  const read = () => ({
    server: cpuSecondsOf(server),
    helpers: helpers.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    machine: machineSeconds(),
  })
  const before = read()
  return () => {
    const after = read()
    const cpuSeconds = after.server - before.server
    const ours = cpuSeconds + after.helpers - before.helpers
    const others = after.machine.spent - before.machine.spent - ours
    const share = others / (after.machine.all - before.machine.all)
    return { cpuSeconds, disturbance: Number.isFinite(share) ? Math.max(0, share) : 0 }
  }
}
