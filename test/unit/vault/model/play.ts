import { randomInt } from 'node:crypto'

/** Which runs are made. */
export interface Play {
  readonly runs: number
  readonly seed: number
  /** Of a run that failed, as it was printed then: where it stands among all of this seed, made smaller. */
  readonly path?: string
  readonly replayPath?: string
}

const PAIR = /^(runs|seed|path|replay)=(.+)$/

/**
 * Reads which runs to make: a number of them, or pairs such as `seed=17,path=3:0,replay=AAA:B` as a failure
 * prints them. What is not given is random, or `runs`.
 *
 * @throws RangeError
 */
export function readPlay(text: string, runs: number): Play {
  const seed = randomInt(2 ** 31)
  if (text === '') return { runs, seed }
  if (/^\d+$/.test(text)) return { runs: Number(text), seed }
  const given = new Map<string, string>()
  for (const pair of text.split(',')) {
    const [, name, value] = PAIR.exec(pair) ?? []
    if (name === undefined || value === undefined) throw new RangeError(`not understood: ${pair}`)
    given.set(name, value)
  }
  const [path, replayPath] = [given.get('path'), given.get('replay')]
  return {
    runs: Number(given.get('runs') ?? runs),
    seed: Number(given.get('seed') ?? seed),
    ...(path === undefined ? {} : { path }),
    ...(replayPath === undefined ? {} : { replayPath }),
  }
}
