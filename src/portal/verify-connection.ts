import type { Audit } from '../audit/audit.ts'
import type { Portal } from '../config/config.ts'
import { KnoxError, type KnoxVerifier } from '../knox/kind.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { noteTrust } from '../vault/connection-transitions.ts'
import type { Connections } from '../vault/connections.ts'
import { knoxFailure } from '../vault/failures.ts'
import type { HandOut } from '../vault/hand-out.ts'
import type { TokenSource } from '../vault/token-source.ts'

export interface VerifyConnectionDeps {
  readonly connections: Connections
  readonly tokenSource: TokenSource
  readonly verifierOf: (programId: string) => KnoxVerifier
  readonly partnerIdOf: (programId: string) => string | undefined
  readonly defaultMinTtlMs: number
  readonly clock: Clock
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
}

/**
 * Asks Knox, by one cheap read, whether the customer trusts the portal; returns when.
 *
 * It throws ServiceError `trust_missing` with Samsung's cause, the partner ID and what to tell the
 * customer, and whatever a hand-out throws.
 */
export type VerifyConnection = (portal: Portal, connectionId: string) => Promise<EpochMs>

const NOT_MANAGED =
  'Accept the management of your Knox tenant by this provider, who finds you among the customers of its Knox MSP portal then.'

/** Creates the use case that checks a connection from end to end. */
export function createVerifyConnection(deps: VerifyConnectionDeps): VerifyConnection {
  const { connections, tokenSource, verifierOf, partnerIdOf, clock, audit, log } = deps

  return async function verifyConnection(portal, connectionId) {
    const request = { minTtlMs: deps.defaultMinTtlMs, arrivedAt: clock() }
    const handOut = await tokenSource.handOut(portal.id, connectionId, request)
    const failure = await ask(handOut)
    if (failure?.kind === 'knox_token') {
      const rejected = handOut.tokenId
      const again = { ...request, arrivedAt: clock(), rejected, force: true }
      const another = await tokenSource.handOut(portal.id, connectionId, again)
      return conclude(await ask(another), another)
    }
    return conclude(failure, handOut)

    async function conclude(error: KnoxError | null, used: HandOut): Promise<EpochMs> {
      const trusted = error === null
      if (trusted || error.kind === 'trust')
        await connections.update(connectionId, (current, now) =>
          noteTrust(current, trusted, used.tokenId, now),
        )
      log.info('verified', {
        connectionId,
        portalId: portal.id,
        outcome: trusted ? 'trusted' : error.kind,
        upstreamCode: error?.upstream.code,
      })
      const failure = error === null ? null : told(error, used)
      audit.note({
        event: 'connection_verified',
        outcome: failure?.code ?? 'ok',
        portalId: portal.id,
        programId: used.programId,
        connectionId,
        tokenId: used.tokenId,
      })
      if (failure === null) return clock()
      throw failure
    }
  }

  async function ask(handOut: HandOut) {
    try {
      await verifierOf(handOut.programId).verify(handOut)
      return null
    } catch (error) {
      if (error instanceof KnoxError) return error
      throw error
    }
  }

  function told(error: KnoxError, { programId, managedTenantId }: HandOut): ServiceError {
    const partnerId = partnerIdOf(programId)
    const failure = knoxFailure(error, partnerId)
    if (failure.code !== 'trust_missing') return failure
    if (managedTenantId !== undefined)
      return new ServiceError('trust_missing', { ...failure.extras, customerMessage: NOT_MANAGED })
    const id = partnerId === undefined ? 'the partner ID of the portal' : `partner ID ${partnerId}`
    const customerMessage = `Sign in to your Knox admin portal and enter ${id} to let the portal in.`
    return new ServiceError('trust_missing', { ...failure.extras, customerMessage })
  }
}
