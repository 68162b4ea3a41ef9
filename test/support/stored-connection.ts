import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { consentBinding, parseRecord } from '../../src/vault/record.ts'
import { documentKey } from '../../src/vault/store.ts'

/** A stored connection that stands on a consent, as it is now. */
export async function storedConnection(db: Redis, id: string) {
  const record = parseRecord((await db.hget(documentKey(id), 'record')) ?? '')
  if (record.type !== 'connection') throw new Error('the connection was deleted')
  return { record, binding: consentBinding(record) }
}

export interface Ageing {
  /** From now on the Samsung Account access token is this old, and so much of its life is over. */
  readonly accessToken?: { readonly leftMs: number; readonly lifeMs?: number }
  /** The kept Knox token ends this long from now. */
  readonly knoxToken?: { readonly leftMs: number }
  /** When the next refresh may be tried, counted from now. */
  readonly retryInMs?: number
}

/**
 * Moves the times of a stored connection, as if time had passed; a new version, so that every
 * process sees it. Nobody else may write at the same moment.
 */
export async function age(db: Redis, id: string, ageing: Ageing): Promise<void> {
  const { record, binding } = await storedConnection(db, id)
  const now = Date.now()
  const { accessToken, knoxToken, retryInMs } = ageing
  const endsAt = now + (accessToken?.leftMs ?? 0)
  const tokenSet = {
    ...binding.tokenSet,
    ...(accessToken === undefined
      ? {}
      : { accessExpiresAt: endsAt, issuedAt: endsAt - (accessToken.lifeMs ?? 3_600_000) }),
  }
  const kept = binding.knoxToken
  const knox =
    kept === undefined || knoxToken === undefined
      ? {}
      : { knoxToken: { ...kept, ...until(now + knoxToken.leftMs, kept) } }
  const retry =
    retryInMs === undefined ? {} : { refresh: { ...binding.refresh, retryAt: now + retryInMs } }
  const changed = { ...record, bindings: [{ ...binding, tokenSet, ...knox, ...retry }] }
  const key = documentKey(id)
  await db
    .multi()
    .hincrby(key, 'revision', 1)
    .hset(key, 'record', JSON.stringify(changed), 'writes', randomBytes(12).toString('base64url'))
    .exec()
}

/** The same life, ended elsewhere. */
const until = (
  endsAt: number,
  kept: { readonly mintedAt: number; readonly expiresAt: number },
) => ({
  expiresAt: endsAt,
  mintedAt: endsAt - (kept.expiresAt - kept.mintedAt),
})

/** Lets the Samsung Account access token and the Knox token be over. */
export const expire = (db: Redis, id: string): Promise<void> =>
  age(db, id, { accessToken: { leftMs: -1000 }, knoxToken: { leftMs: -1000 } })
