import type { Clock } from '../shared/time.ts'
import { isLive } from '../vault/access-plan.ts'
import type { Snapshot } from '../vault/connections.ts'
import type { Mint } from '../vault/minter.ts'
import type { ProgramTokens } from '../vault/program-tokens.ts'
import { consentBinding, currentBinding, hasConsent } from '../vault/record.ts'
import type { Refresher } from '../vault/refresher.ts'
import { isUncertain } from '../vault/rotation.ts'
import type { Operation } from './breaker.ts'

/**
 * Whether an attempt of a connection can tell what Samsung makes of our credentials.
 *
 * - `ready`: now.
 * - `later`: not now; it waits after a failure, another process is at it, or it could cost the consent.
 * - `gone`: no attempt will be made for it any more.
 */
export type Fitness = 'ready' | 'later' | 'gone'

/** The real attempts by which it is found out whether an alarm is over. */
export interface ProbeAttempts {
  fitness(operation: Operation, snapshot: Snapshot): Fitness
  /** @throws ServiceError */
  make(operation: Operation, snapshot: Snapshot): Promise<unknown>
}

export interface ProbeAttemptsDeps {
  readonly refresher: Pick<Refresher, 'refresh'>
  readonly mint: Mint
  readonly programTokens: Pick<ProgramTokens, 'replace'>
  /** Whether renewals of a program are held as well. */
  readonly isRefreshHeld: (programId: string) => boolean
  readonly clock: Clock
}

/** Creates the attempts: a renewal, and an exchange for a Knox token. */
export function createProbeAttempts(deps: ProbeAttemptsDeps): ProbeAttempts {
  const { refresher, mint, programTokens, isRefreshHeld, clock } = deps

  /** Replaces the token that is kept, or nothing would be asked of Knox. */
  function exchange({ connection }: Snapshot): Promise<unknown> {
    const binding = currentBinding(connection)
    if (!hasConsent(binding)) return programTokens.replace(binding.program, connection.id)
    const { tokenId } = binding.knoxToken ?? {}
    const rejected = tokenId === undefined ? {} : { rejected: tokenId, force: true }
    return mint(connection.id, { minTtlMs: 0, arrivedAt: clock(), ...rejected })
  }

  return {
    fitness: (operation, snapshot) =>
      operation === 'refresh'
        ? fitnessToRefresh(snapshot)
        : fitnessToExchange(snapshot, isRefreshHeld(currentBinding(snapshot.connection).program)),
    make: (operation, snapshot) =>
      operation === 'refresh' ? refresher.refresh(snapshot) : exchange(snapshot),
  }
}

/** A token whose last use has no known outcome is not spent for a probe while nothing else forces it. */
function fitnessToRefresh({ connection, serverNow: now }: Snapshot): Fitness {
  const binding = currentBinding(connection)
  if (!hasConsent(binding)) return 'gone'
  const { refresh, tokenSet } = binding
  if (hasEnded(connection) || tokenSet.refreshToken === undefined) return 'gone'
  const isBusy = refresh.state === 'refreshing' && (refresh.until ?? 0) > now
  const isWaiting = refresh.state !== 'refreshing' && (refresh.retryAt ?? 0) > now
  const isRisky = isUncertain(refresh, now) && isLive(binding, now)
  return isBusy || isWaiting || isRisky ? 'later' : 'ready'
}

/** Without a live access token it takes a renewal first. */
function fitnessToExchange(snapshot: Snapshot, isRefreshHeld: boolean): Fitness {
  const { connection, serverNow: now } = snapshot
  const binding = currentBinding(connection)
  if (!hasConsent(binding)) return connection.frozenAt === undefined ? 'ready' : 'gone'
  if (hasEnded(connection)) return 'gone'
  if (isLive(binding, now)) return 'ready'
  if (binding.tokenSet.refreshToken === undefined)
    return binding.tokenSet.accessExpiresAt > now ? 'ready' : 'gone'
  return isRefreshHeld ? 'later' : fitnessToRefresh(snapshot)
}

const hasEnded = (connection: Snapshot['connection']): boolean =>
  connection.frozenAt !== undefined ||
  consentBinding(connection).refresh.state === 'consent_required'
