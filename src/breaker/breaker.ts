import { ServiceError, type UpstreamDetail } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'

/** What a program's credentials are used for; each can be refused by itself. */
export type Operation = 'refresh' | 'exchange'

export const OPERATIONS = ['refresh', 'exchange'] as const satisfies readonly Operation[]

/** Why a program is held, as all replicas know it. */
export interface Alarm {
  readonly operation: Operation
  /** Samsung's own code of the refusal, as far as it gave one. */
  readonly upstream: UpstreamDetail
  readonly since: EpochMs
}

export interface ProgramAlarm extends Alarm {
  readonly programId: string
}

/** An attempt that was not made. It says something of the program, and nothing of the connection. */
export class ProgramHeldError extends ServiceError {
  constructor(upstream: UpstreamDetail, retryAfterSeconds: number) {
    super('upstream_refused_client', { upstream, retryAfterSeconds })
  }
}

/**
 * Stands between a program and Samsung, one for all replicas.
 *
 * When Samsung refuses this service's own credentials (client id, secret, key, clock) for several
 * connections, it is no customer's doing and no further attempt helps: attempts of that kind are held, one
 * probe per interval goes on, and the first that Samsung accepts lets all of them go on.
 */
export interface Breaker {
  /**
   * Returns when an attempt for this connection may be made now.
   *
   * @throws ProgramHeldError `upstream_refused_client` with Samsung's words and `retryAfterSeconds`, while
   *   held
   */
  admit(programId: string, operation: Operation, connectionId: string): Promise<void>
  /** Samsung refused this service's own credentials. Never throws. */
  refused(
    programId: string,
    operation: Operation,
    connectionId: string,
    upstream: UpstreamDetail,
  ): Promise<void>
  /**
   * Samsung answered as it does only to credentials it accepts: with tokens, or with a no that concerns the
   * customer. Never throws.
   */
  accepted(programId: string, operation: Operation, connectionId: string): Promise<void>
  /** The program's alarm as this process knows it, or null: at most a probe interval old. */
  alarm(programId: string): Alarm | null
}
