/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** An integer from 0 up to, but not including, `end`. */
  below(end: number): number
  /** True so many times in a hundred. */
  chance(percent: number): boolean
  pick<T>(first: T, ...others: readonly T[]): T
}

/** Creates the numbers of a seed: mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  function below(end: number): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }

  return {
    below,
    chance: (percent) => below(100) < percent,
    pick: (first, ...others) => others[below(others.length + 1) - 1] ?? first,
  }
}
