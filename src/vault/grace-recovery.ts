import { type Clock, sleep } from '../shared/time.ts'
import type { Connections, Snapshot } from './connections.ts'
import { persist } from './persist.ts'
import { consentBinding } from './record.ts'
import { graceUntil, type RotationPolicy } from './rotation.ts'

/** Recovers an unknown outcome by itself while Samsung still repeats the exchange. */
export interface GraceRecovery {
  /** Begins in the background if the connection needs it and a grace period is known; else does nothing. */
  start(snapshot: Snapshot): void
  /** Begins no attempt any more. */
  stop(): void
}

export interface GraceRecoveryDeps {
  readonly connections: Connections
  readonly rotationOf: (programId: string) => RotationPolicy
  /** One more attempt, under its own intent. */
  readonly refresh: (snapshot: Snapshot) => Promise<Snapshot>
  readonly settings: { readonly backoffMinMs: number }
  readonly clock: Clock
}

/** Whether an attempt owns the connection, as far as is known from this. */
function isHeld({ connection, serverNow }: Snapshot): boolean {
  const { state, until = 0 } = consentBinding(connection).refresh
  return state === 'refreshing' && serverNow < until
}

/**
 * Creates the recovery in the background.
 *
 * A caller with a good token asks for nothing, and the period is over before it does. Without such a
 * period nothing is gained by haste: then the next caller that needs it recovers.
 */
export function createGraceRecovery(deps: GraceRecoveryDeps): GraceRecovery {
  const { connections, rotationOf, refresh, settings, clock } = deps
  const running = new Set<string>()
  let isStopped = false

  /**
   * When to go on, in ms from now; null when nothing is uncertain any more, or the period is over by then.
   * What another attempt owns is looked at again: it may end as uncertain as before.
   */
  function nextIn(snapshot: Snapshot): number | null {
    const { connection, serverNow } = snapshot
    const { refresh, program } = consentBinding(connection)
    if (refresh.state !== 'uncertain' && refresh.state !== 'refreshing') return null
    const waitMs = isHeld(snapshot)
      ? settings.backoffMinMs
      : Math.max(0, (refresh.retryAt ?? 0) - serverNow)
    return serverNow + waitMs < graceUntil(refresh, rotationOf(program)) ? waitMs : null
  }

  async function recover(first: Snapshot): Promise<void> {
    const { id } = first.connection
    const { graceMs } = rotationOf(consentBinding(first.connection).program)
    const reading = { commitBudgetMs: graceMs, pollMs: settings.backoffMinMs, clock }
    let snapshot: Snapshot | null = first
    while (snapshot !== null) {
      const waitMs = nextIn(snapshot)
      if (waitMs === null) return
      await sleep(waitMs)
      if (isStopped) return
      // An attempt that fails says so by itself.
      if (!isHeld(snapshot)) await refresh(snapshot).catch(() => sleep(settings.backoffMinMs))
      // Only the store knows the time: while it is away, nothing says that the period is not over.
      snapshot = await persist(() => connections.read(id), reading)
    }
  }

  return {
    start(snapshot) {
      const { id } = snapshot.connection
      if (isStopped || running.has(id) || nextIn(snapshot) === null) return
      running.add(id)
      // What it cannot read, the next caller cannot read either, and is told so.
      const ended = recover(snapshot).catch(() => {})
      void ended.finally(() => running.delete(id))
    },
    stop() {
      isStopped = true
    },
  }
}
