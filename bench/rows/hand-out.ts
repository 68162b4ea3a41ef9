import type { Effort } from '../effort.ts'
import type { Load, Sample, Target } from '../load/load.ts'
import { residentBytesOf } from '../machine.ts'
import { disturbanceOf, median, medianOf, medianRatio, type Round, runRounds } from '../rounds.ts'
import type { Row } from '../table.ts'

/** What is put under load, and what it is held against. */
export interface HandOutTargets {
  readonly service: Target
  /** Express + ioredis `GET` + AES-GCM. */
  readonly vault: Target
  /** Express and JSON, nothing else. */
  readonly json?: Target
  /** The service with other settings. */
  readonly variants?: readonly Target[]
}

/** Bounds of the ratio to the bare vault handler. */
export interface HandOutBounds {
  readonly floor: number
  readonly goal: number
}

const perSecond = ({ requestsPerSecond }: Sample): number => requestsPerSecond
const cpu = ({ cpuMicros }: Sample): number => cpuMicros

/** Measures hand-outs per second and their price, all targets in turn. */
export async function measureHandOut(
  load: Load,
  { service, vault, json, variants = [] }: HandOutTargets,
  bounds: HandOutBounds,
  effort: Effort,
): Promise<readonly Row[]> {
  const others = json === undefined ? variants : [json, ...variants]
  const rounds = await runRounds(load, [service, vault, ...others], effort.load)
  const throughput = (one: Target, other: Target, limits: Partial<HandOutBounds>): Row => ({
    name: one.name,
    unit: 'req/s',
    ...compare(rounds, one, other, perSecond),
    ...limits,
  })
  return [
    throughput(service, vault, bounds),
    ...variants.map((variant) => throughput(variant, vault, {})),
    ...(json === undefined ? [] : [throughput(service, json, { goal: 1 })]),
    ...priceRows(rounds, service, vault),
    ...variants.map((variant) => priceRow(rounds, variant, vault)),
  ]
}

const compare = (
  rounds: readonly Round[],
  one: Target,
  other: Target,
  pick: (sample: Sample) => number,
) => ({
  figure: medianOf(rounds, one, pick),
  baseline: { name: other.name, figure: medianOf(rounds, other, pick) },
  ratio: medianRatio(rounds, one, other, pick),
})

const priceRow = (rounds: readonly Round[], service: Target, vault: Target): Row => ({
  name: `${service.name}: processor time`,
  unit: 'µs/req',
  ...compare(rounds, service, vault, cpu),
  lowerIsBetter: true,
})

/** Processor time and memory; and how far the machine was ours. */
const priceRows = (rounds: readonly Round[], service: Target, vault: Target): readonly Row[] => [
  priceRow(rounds, service, vault),
  {
    name: `${service.name}: RSS after load`,
    figure: residentBytesOf(service.pid) / 2 ** 20,
    unit: 'MiB',
    baseline: { name: vault.name, figure: residentBytesOf(vault.pid) / 2 ** 20 },
  },
  {
    name: `${service.name}: taken by others`,
    figure: 100 * median(rounds.map(disturbanceOf)),
    unit: '% of the machine',
  },
]
