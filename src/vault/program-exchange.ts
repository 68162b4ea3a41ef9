import type { Breaker } from '../breaker/breaker.ts'
import { type KnoxCredential, KnoxError, type TwoLeggedKind } from '../knox/kind.ts'
import { ERRORS, type ErrorCode, ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import { type Clock, sleep } from '../shared/time.ts'
import type { DocumentSnapshot, Documents } from './documents.ts'
import { backoffMs } from './due.ts'
import type { Envelope } from './envelope.ts'
import { knoxFailure } from './failures.ts'
import { type HandOutRequest, isGoodFor } from './hand-out-plan.ts'
import type { ProgramMintRecord } from './mint-record.ts'
import type { VaultMetrics } from './outcomes.ts'
import {
  beginExchange,
  keepToken,
  noProgramToken,
  noteFailure,
  type ProgramTokenRecord,
  programTokenId,
} from './program-token-record.ts'
import type { ProgramTokenSettings } from './program-tokens.ts'

/** What a token is sealed as. Every one has a data key of its own, so that no generation is needed. */
export const TOKEN_FIELD = { binding: 'program', field: 'knox_token', generation: 0 } as const

export interface ProgramExchangeDeps {
  readonly documents: Documents<ProgramTokenRecord>
  readonly envelope: Envelope
  readonly breaker: Pick<Breaker, 'refused' | 'accepted'>
  readonly kindOf: (programId: string) => TwoLeggedKind
  readonly fingerprint: (token: Secret) => string
  readonly record: ProgramMintRecord
  readonly settings: ProgramTokenSettings
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Pick<VaultMetrics, 'mint'>
}

/**
 * Makes the next token of a program, unless another process has made or is making one that answers the
 * request; then that one is waited for. Returns what is stored then.
 *
 * @param connectionId - On whose behalf: it answers for the program at the breaker.
 * @throws ServiceError `upstream_*`, `store_*`, `refresh_in_progress`, `program_not_configured`,
 *   `audit_unavailable`
 */
export type ProgramExchange = (
  programId: string,
  connectionId: string,
  request: HandOutRequest,
) => Promise<DocumentSnapshot<ProgramTokenRecord>>

/** What stands against an attempt of one's own. */
type Verdict = 'made' | 'held' | { readonly paused: ServiceError } | null

/**
 * Creates the exchange. The lease in the record keeps replicas from making the same token twice. One that
 * is lost, by a crash or a very slow answer, costs a second exchange and nothing else: an exchange spends
 * nothing.
 */
export function createProgramExchange(deps: ProgramExchangeDeps): ProgramExchange {
  const { documents, envelope, breaker, kindOf, fingerprint, record, settings, clock } = deps

  function judge(current: ProgramTokenRecord, request: HandOutRequest, serverNow: number): Verdict {
    const { id, token, lease, failure } = current
    const now = clock()
    const isFresh = token !== undefined && settings.dueAtOf(id, token) > now
    if (isFresh && isGoodFor(token, request, settings, now)) return 'made'
    if (lease !== undefined && lease.until > serverNow) return 'held'
    if (failure === undefined || failure.retryAt <= serverNow || request.force === true) return null
    return { paused: pausedBy(failure.code, failure.retryAt - serverNow) }
  }

  return async function exchange(programId, connectionId, request) {
    const kind = kindOf(programId)
    const id = programTokenId(programId)
    const deadline = clock() + settings.waitMs
    for (;;) {
      const attempt = newAttemptId()
      let verdict: Verdict = null
      const begun = await documents.update(id, (current, serverNow) => {
        verdict = judge(current, request, serverNow)
        return verdict === null
          ? beginExchange(current, attempt, serverNow + settings.leaseMs)
          : null
      })
      if (begun === null) {
        await documents.create(id, noProgramToken(programId))
        continue
      }
      const found = verdict as Verdict
      if (found === null)
        return make({ programId, connectionId, request, attempt, kind }, begun.snapshot)
      if (found === 'made') return begun.snapshot
      if (found !== 'held') throw found.paused
      if (clock() >= deadline)
        throw new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })
      await sleep(settings.pollMs)
    }
  }

  interface Attempt {
    readonly programId: string
    readonly connectionId: string
    readonly request: HandOutRequest
    readonly attempt: string
    readonly kind: TwoLeggedKind
  }

  async function make(
    made: Attempt,
    snapshot: DocumentSnapshot<ProgramTokenRecord>,
  ): Promise<DocumentSnapshot<ProgramTokenRecord>> {
    try {
      const credential = await mint(made)
      return await keep(made, credential, snapshot.record)
    } catch (error) {
      const failure = error instanceof KnoxError ? knoxFailure(error) : error
      await note(made, failure)
      throw failure
    }
  }

  async function mint({ programId, connectionId, kind }: Attempt): Promise<KnoxCredential> {
    record.begin()
    const startedAt = clock()
    try {
      const credential = await kind.mint()
      deps.metrics.mint(programId, 'ok', clock() - startedAt)
      await breaker.accepted(programId, 'exchange', connectionId)
      return credential
    } catch (error) {
      deps.metrics.mint(programId, 'error', clock() - startedAt)
      record.failed(programId, error)
      if (error instanceof KnoxError && error.kind === 'operator')
        await breaker.refused(programId, 'exchange', connectionId, error.upstream)
      throw error
    }
  }

  async function keep(
    { programId, request, attempt }: Attempt,
    credential: KnoxCredential,
    before: ProgramTokenRecord,
  ): Promise<DocumentSnapshot<ProgramTokenRecord>> {
    const tokenId = fingerprint(credential.value)
    // Before anybody can get it, and before it is kept.
    await record.made(programId, tokenId)
    const mintedAt = clock()
    if (credential.expiresAt <= mintedAt)
      throw new ServiceError('upstream_malformed', { detail: 'the token had ended when it came' })
    const id = programTokenId(programId)
    const { wrapped, dataKey } = await envelope.create(id)
    const isReplaced = request.rejected !== undefined && request.rejected === before.token?.tokenId
    const replacedAt = isReplaced ? mintedAt : before.token?.replacedAt
    const token = {
      headerName: credential.headerName,
      value: dataKey.seal(TOKEN_FIELD, credential.value.reveal()),
      tokenId,
      mintedAt,
      expiresAt: credential.expiresAt,
      ...(replacedAt === undefined ? {} : { replacedAt }),
    }
    const updated = await documents.update(id, (current) =>
      keepToken(current, attempt, { dataKey: wrapped, token }, request.rejected),
    )
    // Only a store that has lost everything has none now.
    if (updated === null) throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
    return updated.snapshot
  }

  /** Lets the next attempt wait, and everybody go on; that the note fails as well costs only the lease. */
  async function note({ programId, attempt }: Attempt, error: unknown): Promise<void> {
    const { code, extras } =
      error instanceof ServiceError ? error : { code: 'internal_error', extras: {} }
    const askedMs = (extras.retryAfterSeconds ?? 0) * 1000
    try {
      await documents.update(programTokenId(programId), (current, serverNow) =>
        noteFailure(current, attempt, code, (count) => {
          const waitMs = backoffMs(count, settings.backoffMinMs, settings.backoffMaxMs)
          return serverNow + Math.max(waitMs, askedMs)
        }),
      )
    } catch (failure) {
      deps.log.warn('note_not_stored', { programId, error: failure })
    }
  }
}

/** What was told before; a code of another version is told as the widest one. */
function pausedBy(code: string, waitMs: number): ServiceError {
  const known = (Object.hasOwn(ERRORS, code) ? code : 'upstream_unavailable') as ErrorCode
  return new ServiceError(known, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) })
}
