import { readdirSync } from 'node:fs'
import { residentBytesOf } from '../../bench/machine.ts'
import type { ScenarioContext } from '../scenario.ts'
import { lowerEdge, medianOf, type Sample, trendOf } from './trend.ts'

/** Memory and open descriptors of one process, second by second. */
export interface Vitals {
  readonly memory: readonly Sample[]
  readonly descriptors: readonly Sample[]
  stop(): void
}

/**
 * For the services whose memory is judged: a heap as in a small container. With gigabytes to spare the
 * collector lets garbage lie for minutes, and no leak can be told from it.
 */
export const SMALL_HEAP = {
  NODE_OPTIONS: '--max-old-space-size=64 --max-semi-space-size=4',
} as const

const EVERY_MS = 1_000
const MB = 1_048_576
/** Less than this is not judged: a process takes so long to reach its working size. */
const LEAST_MS = 120_000
/** Of the whole time. */
const WARM_UP_SHARE = 0.3
/** For the collector to run at least once, however little there is to collect. */
const STRETCH_MS = 15_000
/** What a process may grow by in the time that is judged: caches fill, code is compiled. */
const MEMORY_TOLERANCE_MB = 8
/** Connections to Redis and Samsung come and go. */
const DESCRIPTOR_TOLERANCE = 16

/** Watches a process from now on. */
export function watchVitals(pid: number): Vitals {
  const memory: Sample[] = []
  const descriptors: Sample[] = []
  const startedAt = performance.now()
  const look = () => {
    const at = performance.now() - startedAt
    memory.push({ at, value: residentBytesOf(pid) / MB })
    descriptors.push({ at, value: descriptorsOf(pid) })
  }
  const timer = setInterval(look, EVERY_MS)
  return { memory, descriptors, stop: () => clearInterval(timer) }
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return Number.NaN
  }
}

/** Judges whether memory and descriptors stay flat, and says what such a time can tell. */
export function judgeVitals(
  { say, problem }: Pick<ScenarioContext, 'say' | 'problem'>,
  { memory, descriptors }: Vitals,
): void {
  const lastedMs = memory.at(-1)?.at ?? 0
  const first = memory[0]?.value.toFixed(0)
  const last = memory.at(-1)?.value.toFixed(0)
  if (!(lastedMs >= LEAST_MS)) {
    say(`  memory: ${first} MB at first, ${last} MB at last; too short to judge`)
    return
  }
  const warm = (all: readonly Sample[]) => all.filter(({ at }) => at > WARM_UP_SHARE * lastedMs)
  judgeMemory({ say, problem }, warm(memory), lastedMs * (1 - WARM_UP_SHARE))
  judgeDescriptors({ say, problem }, warm(descriptors))
}

function judgeMemory(
  { say, problem }: Pick<ScenarioContext, 'say' | 'problem'>,
  samples: readonly Sample[],
  judgedMs: number,
): void {
  const { perHour, uncertainty } = trendOf(lowerEdge(samples, STRETCH_MS))
  const hours = judgedMs / 3_600_000
  const grown = perHour * hours
  const visible = MEMORY_TOLERANCE_MB / hours
  say(
    `  memory: ${medianOf(samples).toFixed(0)} MB in the middle of the last ${Math.round(judgedMs / 1000)} s; ` +
      `trend ${perHour.toFixed(1)} ± ${uncertainty.toFixed(1)} MB an hour, ${grown.toFixed(1)} MB in that time; ` +
      `flat is up to ${MEMORY_TOLERANCE_MB} MB: a leak below ${visible.toFixed(0)} MB an hour takes longer to see`,
  )
  if (grown > MEMORY_TOLERANCE_MB) problem(`memory grew by ${grown.toFixed(1)} MB`)
}

function judgeDescriptors(
  { say, problem }: Pick<ScenarioContext, 'say' | 'problem'>,
  samples: readonly Sample[],
): void {
  const part = Math.ceil(samples.length / 4)
  const [before, after] = [medianOf(samples.slice(0, part)), medianOf(samples.slice(-part))]
  const most = Math.max(...samples.map(({ value }) => value))
  say(`  descriptors: ${before} after warming up, ${after} at the end, ${most} at most`)
  if (after - before > DESCRIPTOR_TOLERANCE) problem(`descriptors grew from ${before} to ${after}`)
}
