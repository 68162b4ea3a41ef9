import { randomBytes } from 'node:crypto'
import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import { noteNewest, startFamily } from './families.ts'

/** Tokens for one answer. */
export interface IssuedTokens {
  readonly familyId: string
  readonly accountId: AccountId
  readonly accessToken: string
  readonly accessTokenSeconds: number
  /** `null` when the answer carries none that could be used. */
  readonly refreshToken: { readonly value: string; readonly seconds: number } | null
}

interface Owner {
  readonly familyId: string
  readonly accountId: AccountId
  readonly clientId: string
}

/** Issues the first tokens of a consent, and so begins a family. */
export function issueTokens(
  ctx: Context,
  { accountId, clientId }: Omit<Owner, 'familyId'>,
): IssuedTokens {
  const owner = { familyId: startFamily(ctx, accountId), accountId, clientId }
  const usable = ctx.state.settings.refreshToken === 'string'
  return withAccessToken(ctx, owner, usable ? newRefreshToken(ctx, owner) : null)
}

/** Issues a refresh token, which becomes the newest of its family. */
export function newRefreshToken(
  ctx: Context,
  { familyId, accountId, clientId }: Owner,
): NonNullable<IssuedTokens['refreshToken']> {
  const value = randomBytes(32).toString('base64url')
  const seconds = ctx.state.settings.refreshTokenLifetimeSeconds
  ctx.state.refreshTokens.set(value, {
    familyId,
    accountId,
    clientId,
    expiresAt: ctx.now() + seconds * 1000,
    status: 'live',
    exchanged: null,
    presentations: 0,
    delivery: 'pending',
  })
  ctx.state.activity.issued.refreshTokens += 1
  noteNewest(ctx, familyId, { newestRefreshToken: value })
  return { value, seconds }
}

/** Issues an access token, which becomes the newest of its family, and puts an answer together. */
export function withAccessToken(
  ctx: Context,
  { familyId, accountId, clientId }: Owner,
  refreshToken: IssuedTokens['refreshToken'],
): IssuedTokens {
  const accessToken = randomBytes(24).toString('base64url')
  const accessTokenSeconds = ctx.state.settings.accessTokenLifetimeSeconds
  const expiresAt = ctx.now() + accessTokenSeconds * 1000
  ctx.state.accessTokens.set(accessToken, {
    familyId,
    accountId,
    clientId,
    expiresAt,
    revoked: false,
  })
  ctx.state.activity.issued.accessTokens += 1
  noteNewest(ctx, familyId, { newestAccessToken: accessToken })
  return { familyId, accountId, accessToken, accessTokenSeconds, refreshToken }
}
