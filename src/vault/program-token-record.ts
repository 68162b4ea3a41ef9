import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'

/*
 * The layout of a program's shared token. Times are ms since the epoch: those of the token by the clock of
 * the process that made it, the others by the store's. A field may be added as optional, none may change
 * its meaning.
 */

const sealed = z.string().startsWith('v1.')
const time = z.number().int().nonnegative()

const record = z.object({
  format: z.literal(1),
  type: z.literal('program_token'),
  id: z.string().startsWith('ptok_'),
  /** The data key of this token and no other, wrapped. So none outlives a change of the vault keys for long. */
  dataKey: sealed.exactOptional(),
  token: z
    .object({
      headerName: z.string(),
      value: sealed,
      /** A fingerprint: HMAC of the token, never the token. */
      tokenId: z.string(),
      mintedAt: time,
      expiresAt: time,
      /** When a portal's `rejected` last had a token replaced. */
      replacedAt: time.exactOptional(),
    })
    .exactOptional(),
  /** Which attempt makes the next token now, and until when the others leave it to that one. */
  lease: z.object({ attempt: z.string(), until: time }).exactOptional(),
  /** Attempts in a row that brought nothing; no other before `retryAt`, and what callers are told until then. */
  failure: z.object({ count: z.number().int(), code: z.string(), retryAt: time }).exactOptional(),
})

/** What replicas know together of a program's token. */
export type ProgramTokenRecord = Readonly<z.infer<typeof record>>
export type SealedProgramToken = NonNullable<ProgramTokenRecord['token']>

/** The id under which a program's token is stored. */
export const programTokenId = (programId: string): string => `ptok_${programId}`

/** A program that has no token yet. */
export const noProgramToken = (programId: string): ProgramTokenRecord => ({
  format: 1,
  type: 'program_token',
  id: programTokenId(programId),
})

/** Reads a stored record. @throws ServiceError `record_unreadable` */
export function parseProgramToken(text: string): ProgramTokenRecord {
  try {
    return record.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

/** Takes the lease, whoever had it. */
export const beginExchange = (
  current: ProgramTokenRecord,
  attempt: string,
  until: EpochMs,
): ProgramTokenRecord => ({ ...current, lease: { attempt, until } })

/** Keeps a new token and ends its attempt, unless one that lives longer is kept already. */
export function keepToken(
  current: ProgramTokenRecord,
  attempt: string,
  made: { readonly dataKey: string; readonly token: SealedProgramToken },
  replaces: string | undefined,
): ProgramTokenRecord {
  const { failure: _, ...rest } = current
  const ended = endLease(rest, attempt)
  const held = current.token
  const isBetter =
    held !== undefined && held.tokenId !== replaces && held.expiresAt > made.token.expiresAt
  return isBetter ? ended : { ...ended, ...made }
}

/** Ends an attempt that brought nothing; null when another has begun since, which speaks for itself. */
export function noteFailure(
  current: ProgramTokenRecord,
  attempt: string,
  code: string,
  retryAtOf: (count: number) => EpochMs,
): ProgramTokenRecord | null {
  if (current.lease?.attempt !== attempt) return null
  const count = (current.failure?.count ?? 0) + 1
  return { ...endLease(current, attempt), failure: { count, code, retryAt: retryAtOf(count) } }
}

function endLease(current: ProgramTokenRecord, attempt: string): ProgramTokenRecord {
  const { lease, ...rest } = current
  return lease === undefined || lease.attempt === attempt ? rest : current
}
