import { type Breaker, ProgramHeldError } from '../breaker/breaker.ts'
import { type KnoxCredential, KnoxError, type KnoxKind } from '../knox/kind.ts'
import { type ErrorCode, ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import type { Clock } from '../shared/time.ts'
import { mayRenewRefused, planAccess } from './access-plan.ts'
import { keepKnoxToken, noteError } from './connection-transitions.ts'
import type { Connections, Snapshot } from './connections.ts'
import type { Envelope } from './envelope.ts'
import { knoxFailure } from './failures.ts'
import {
  assertUsable,
  type HandOutPolicy,
  type HandOutRequest,
  planHandOut,
} from './hand-out-plan.ts'
import type { MintRecord } from './mint-record.ts'
import type { VaultMetrics } from './outcomes.ts'
import { consentBinding } from './record.ts'
import type { Refresher } from './refresher.ts'
import { openAccessToken, sealKnoxToken } from './token-seal.ts'

export interface MinterDeps {
  readonly connections: Connections
  readonly envelope: Envelope
  readonly refresher: Refresher
  readonly breaker: Pick<Breaker, 'admit' | 'refused' | 'accepted'>
  readonly kindOf: (programId: string) => KnoxKind
  /** HMAC of a token: names it without giving it away. */
  readonly fingerprint: (token: Secret) => string
  readonly record: MintRecord
  readonly settings: HandOutPolicy
  readonly clock: Clock
  readonly log: Log
  readonly metrics: VaultMetrics
}

/**
 * Makes a Knox token for a connection and keeps it, sealed, for all replicas.
 *
 * @returns The connection as it is then: with a token that answers the request, unless a new consent
 *   has replaced the one that the token was made from.
 * @throws ServiceError
 */
export type Mint = (connectionId: string, request: HandOutRequest) => Promise<Snapshot>

/** Not a busy moment, the store's state, or what an operator did: the connection itself is no worse. */
const saysSomething = (code: ErrorCode): boolean =>
  !code.startsWith('store_') &&
  !['refresh_in_progress', 'connection_frozen', 'not_found', 'audit_unavailable'].includes(code)

/** Where renewing ended with one of these, the old access token must not be used either. */
const ENDS: ReadonlySet<ErrorCode> = new Set(['consent_required', 'not_found'])

const programOf = ({ connection }: Snapshot): string => consentBinding(connection).program

/** Creates the minter: a live Samsung Account token → the exchange → one commit. */
export function createMinter(deps: MinterDeps): Mint {
  const {
    connections,
    envelope,
    refresher,
    breaker,
    kindOf,
    fingerprint,
    record,
    settings,
    clock,
  } = deps

  return async function mint(connectionId, request) {
    const snapshot = await connections.read(connectionId)
    if (snapshot === null) throw new ServiceError('not_found')
    assertUsable(snapshot.connection)
    const plan = planHandOut(snapshot.connection, request, settings, clock())
    if (plan === 'serve') return snapshot
    try {
      const ready = await withLiveAccess(snapshot)
      const [used, credential] = await exchange(ready)
      return await keep(used, credential, request)
    } catch (error) {
      await note(snapshot, error)
      throw error
    }
  }

  async function withLiveAccess(snapshot: Snapshot): Promise<Snapshot> {
    const { connection } = snapshot
    const program = programOf(snapshot)
    const plan = planAccess(connection, clock(), settings.rotationOf?.(program))
    // Nothing is renewed for an exchange that is not made; what has ended is over all the same.
    if (plan !== 'consent_required') await breaker.admit(program, 'exchange', connection.id)
    switch (plan) {
      case 'use':
        return snapshot
      case 'renew_or_use':
        return refresher.refresh(snapshot).catch((error: unknown) => {
          if (error instanceof ServiceError && !ENDS.has(error.code)) return snapshot
          throw error
        })
      case 'renew':
      case 'consent_required':
        return refresher.refresh(snapshot)
    }
  }

  /** One exchange; and after Knox refused the Samsung Account token, a renewal and one more. */
  async function exchange(snapshot: Snapshot): Promise<readonly [Snapshot, KnoxCredential]> {
    try {
      return [snapshot, await mintOnce(snapshot)]
    } catch (error) {
      if (!(error instanceof KnoxError)) throw error
      const { code } = error.upstream
      if (error.kind !== 'idp_token' || !mayRenewRefused(snapshot.connection, code, clock()))
        return giveUp(snapshot, error)
    }
    const renewed = await refresher.refresh(snapshot, 'refused')
    return [renewed, await mintOnce(renewed).catch((error: unknown) => giveUp(renewed, error))]
  }

  /** Knox looks at trust after it has looked at us. A token that was just renewed is not to blame. */
  async function giveUp(snapshot: Snapshot, error: unknown): Promise<never> {
    if (!(error instanceof KnoxError)) throw error
    const { kind, upstream } = error
    const about = [programOf(snapshot), 'exchange', snapshot.connection.id] as const
    if (kind === 'operator' || kind === 'idp_token') await breaker.refused(...about, upstream)
    if (kind === 'trust') await breaker.accepted(...about)
    throw knoxFailure(error)
  }

  async function mintOnce({ connection }: Snapshot): Promise<KnoxCredential> {
    const binding = consentBinding(connection)
    const dataKey = await envelope.open(connection.id, connection.dataKey)
    record.begin()
    const startedAt = clock()
    try {
      const credential = await kindOf(binding.program).mint(openAccessToken(dataKey, binding))
      deps.metrics.mint(binding.program, 'ok', clock() - startedAt)
      await breaker.accepted(binding.program, 'exchange', connection.id)
      return credential
    } catch (error) {
      deps.metrics.mint(binding.program, 'error', clock() - startedAt)
      record.failed(connection, error)
      throw error
    }
  }

  async function keep(
    { connection }: Snapshot,
    credential: KnoxCredential,
    request: HandOutRequest,
  ): Promise<Snapshot> {
    const newTokenId = fingerprint(credential.value)
    // Before anybody can get it, and before it is kept.
    await record.made(connection, newTokenId)
    if (credential.expiresAt <= clock())
      throw new ServiceError('upstream_malformed', { detail: 'the token had ended when it came' })
    const binding = consentBinding(connection)
    const dataKey = await envelope.open(connection.id, connection.dataKey)
    const { generation } = binding.tokenSet
    const { tokenId, replacedAt } = binding.knoxToken ?? {}
    const isReplaced = request.rejected !== undefined && request.rejected === tokenId
    const lastReplacedAt = isReplaced ? clock() : replacedAt
    const token = {
      generation,
      headerName: credential.headerName,
      value: sealKnoxToken(dataKey, binding.id, generation, credential.value),
      tokenId: newTokenId,
      mintedAt: clock(),
      expiresAt: credential.expiresAt,
      ...(lastReplacedAt === undefined ? {} : { replacedAt: lastReplacedAt }),
    }
    const updated = await connections.update(connection.id, (current, now) =>
      keepKnoxToken(current, token, request.rejected, now),
    )
    if (updated === null) throw new ServiceError('not_found')
    assertUsable(updated.connection)
    return updated
  }

  /** Notes the failure on the connection; that the note fails as well changes nothing. */
  async function note({ connection }: Snapshot, error: unknown): Promise<void> {
    const isHeld = error instanceof ProgramHeldError
    if (!(error instanceof ServiceError) || isHeld || !saysSomething(error.code)) return
    const { upstream } = error.extras
    const lastError = {
      at: clock(),
      code: error.code,
      owner: error.owner,
      ...(upstream?.code === undefined ? {} : { upstreamCode: upstream.code }),
      ...(upstream?.errorId === undefined ? {} : { errorId: upstream.errorId }),
    }
    try {
      await connections.update(connection.id, (current) => noteError(current, lastError))
    } catch (failure) {
      deps.log.warn('note_not_stored', { connectionId: connection.id, error: failure })
    }
  }
}
