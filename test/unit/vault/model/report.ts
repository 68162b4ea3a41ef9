import type { EpochMs } from '../../../../src/shared/time.ts'

/** What a run has shown: what went wrong, and what led to it. */
export interface Report {
  /** Adds a line to what happened. */
  trace(who: string, what: string): void
  problem(what: string): void
  /** Counts what the service has said. */
  count(event: string): void
  /** @throws Error for what went wrong first, with what led to it */
  check(): void
}

/** So much is shown of what led to a problem. */
const SHOWN = 150

/** How often the service has said what, over many runs. */
export type Tally = Map<string, number>

export function createReport(now: () => EpochMs, tally: Tally): Report {
  const startedAt = now()
  const lines: string[] = []
  let failure: string | null = null

  function trace(who: string, what: string): void {
    const seconds = ((now() - startedAt) / 1000).toFixed(3)
    lines.push(`${seconds.padStart(10)} s  ${who.padEnd(6)} ${what}`)
  }

  return {
    trace,
    problem(what) {
      trace('!!!', what)
      failure ??= `${what}\n${lines.slice(-SHOWN).join('\n')}`
    },
    count: (event) => void tally.set(event, (tally.get(event) ?? 0) + 1),
    check() {
      if (failure !== null) throw new Error(failure)
    },
  }
}
