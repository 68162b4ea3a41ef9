import type { Cleanup } from '../test/support/cleanup.ts'

/** What a scenario is given. */
export interface ScenarioContext {
  /** Path of the built service's `main.js`: children run what an operator runs. */
  readonly entry: string
  /** The value after the option, such as `10m` of `--soak 10m`, or the scenario's default. */
  readonly argument: string
  /** Prints one line of progress or result. Never given a secret. */
  readonly say: (line: string) => void
  /** Undone when the scenario ends, however it ends. */
  readonly cleanup: Cleanup
  /** Says what was found wrong; the run goes on, and ends with exit code 1. */
  readonly problem: (what: string) => void
}

/** One drill that an operator could run on a game day. */
export interface Scenario {
  /** The option that runs it: `matrix` is `--matrix`. */
  readonly name: string
  /** One line for `--list`: what is done to the service, and what must hold. */
  readonly summary: string
  /** About how long it takes, for `--list`. */
  readonly takes: string
  /** What the option takes, and its value when it is not given; absent: it takes none. */
  readonly argument?: { readonly name: string; readonly default: string }
  /** Runs it to its end; problems go to `context.problem`, a throw is a problem too. */
  run(context: ScenarioContext): Promise<void>
}
