import type { Clock } from '../shared/time.ts'
import type { KnoxOperation } from './failure.ts'
import { KnoxError, type KnoxFailureKind } from './kind.ts'

/** One finished call of a kind, for metrics. */
export interface KnoxObservation {
  readonly operation: KnoxOperation
  /** A defect of our own counts as `unknown`. */
  readonly outcome: 'ok' | KnoxFailureKind
  readonly durationMs: number
}

/** Told about every finished call. Must not throw. */
export type KnoxObserver = (observation: KnoxObservation) => void

/** Runs one call and reports how it ended and how long it took. */
export async function observed<T>(
  operation: KnoxOperation,
  clock: Clock,
  observe: KnoxObserver | undefined,
  call: () => Promise<T>,
): Promise<T> {
  const startedAt = clock()
  const report = (outcome: KnoxObservation['outcome']): void =>
    observe?.({ operation, outcome, durationMs: clock() - startedAt })
  try {
    const result = await call()
    report('ok')
    return result
  } catch (error) {
    report(error instanceof KnoxError ? error.kind : 'unknown')
    throw error
  }
}
