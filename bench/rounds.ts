import type { Load, Sample, Target } from './load/load.ts'

export interface RoundOptions {
  /** How many rounds count. */
  readonly rounds: number
  /** How many are run at most, while the machine is not calm. */
  readonly maxRounds: number
  readonly seconds: number
  /** Before the first round, for each target; more than there are paths. */
  readonly warmUpRequests: number
}

/** One sample of each target, by name, taken within seconds of each other. */
export type Round = ReadonlyMap<string, Sample>

/** Share of the machine that others may take in a round without disturbing it. */
const CALM = 0.05

/** The middle one of several figures, or the mean of the middle two. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const low = sorted[Math.floor(middle)] ?? Number.NaN
  const high = sorted[Math.ceil(middle)] ?? Number.NaN
  return (low + high) / 2
}

/** Share of the machine that others took while a round's most disturbed sample was taken. */
export const disturbanceOf = (round: Round): number =>
  Math.max(...[...round.values()].map(({ disturbance }) => disturbance))

/**
 * Puts targets under load in turn, round after round, forwards and backwards: what else goes on in
 * the machine then hits all of them alike.
 *
 * Where others need the processors, what is scarce is no longer the server's time. So a disturbed
 * round is made up for by another one, and the calmest count: chosen by what others did, never by
 * what came out.
 */
export async function runRounds(
  load: Load,
  targets: readonly Target[],
  { rounds, maxRounds, seconds, warmUpRequests }: RoundOptions,
): Promise<readonly Round[]> {
  for (const target of targets) await load.run(target, { requests: warmUpRequests })
  const done: Round[] = []
  const calm = () => done.filter((round) => disturbanceOf(round) <= CALM).length
  while (done.length < maxRounds && calm() < rounds) {
    const order = done.length % 2 === 0 ? targets : targets.toReversed()
    const round = new Map<string, Sample>()
    for (const target of order) round.set(target.name, await load.run(target, { seconds }))
    done.push(round)
  }
  return done.sort((a, b) => disturbanceOf(a) - disturbanceOf(b)).slice(0, rounds)
}

/** The median over rounds of a target's figure. */
export const medianOf = (
  rounds: readonly Round[],
  { name }: Target,
  pick: (sample: Sample) => number,
): number =>
  median(
    rounds.flatMap((round) => {
      const sample = round.get(name)
      return sample === undefined ? [] : [pick(sample)]
    }),
  )

/** The median over rounds of one target's figure over another's in the same round. */
export const medianRatio = (
  rounds: readonly Round[],
  one: Target,
  other: Target,
  pick: (sample: Sample) => number,
): number =>
  median(rounds.map((round) => medianOf([round], one, pick) / medianOf([round], other, pick)))
