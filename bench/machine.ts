import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { promisify } from 'node:util'

/** Linux counts processor time in hundredths of a second (`USER_HZ`). */
const TICKS_PER_SECOND = 100

function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return null
  }
}

/** Processor time of a process so far, in seconds; NaN where there is no `/proc`. */
export function cpuSecondsOf(pid: number): number {
  // The command name before the last parenthesis may hold anything, spaces included.
  const fields = readProc(`${pid}/stat`)?.split(')').at(-1)?.trim().split(' ')
  return (Number(fields?.[11]) + Number(fields?.[12])) / TICKS_PER_SECOND
}

/** Processor time of the whole machine so far, in seconds: spent in programs, and all there was. */
export function machineSeconds(): { readonly spent: number; readonly all: number } {
  // cpu user nice system idle iowait irq softirq steal
  const [, ...ticks] = readProc('stat')?.split('\n', 1)[0]?.trim().split(/\s+/).map(Number) ?? []
  const seconds = (from: number, to: number) =>
    ticks.slice(from, to).reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND
  return { spent: seconds(0, 3), all: seconds(0, 8) }
}

/** Resident memory of a process, in bytes; NaN where there is no `/proc`. */
export function residentBytesOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`${pid}/status`) ?? '')?.[1]
  return Number(kilobytes) * 1024
}

/** One line that says what the figures were measured on, and how busy that was before. */
export async function describeMachine(): Promise<string> {
  const model = cpus()[0]?.model ?? 'unknown processor'
  const cores = `${availableParallelism()} cores (load ${loadavg()[0]?.toFixed(1)} before the run)`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const node = `node ${process.version} with OpenSSL ${process.versions.openssl}`
  return [model, cores, memory, node, `redis ${await redisVersion()}`].join(', ')
}

async function redisVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-server', ['--version'])
  return /\bv=(\S+)/.exec(stdout)?.[1] ?? 'unknown'
}
