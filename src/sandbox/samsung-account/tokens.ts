import { randomBytes } from 'node:crypto'
import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { RefreshToken } from '../state.ts'
import { SaRefusal } from './errors.ts'

/** Tokens for one answer. */
export interface IssuedTokens {
  readonly accountId: AccountId
  readonly accessToken: string
  readonly accessTokenSeconds: number
  /** `null` when the answer carries none that could be used. */
  readonly refreshToken: { readonly value: string; readonly seconds: number } | null
}

interface Owner {
  readonly accountId: AccountId
  readonly clientId: string
}

/** Issues the first tokens of a consent. */
export function issueTokens(ctx: Context, { accountId, clientId }: Owner): IssuedTokens {
  const owner = { accountId, clientId }
  const usable = ctx.state.settings.refreshToken === 'string'
  return withAccessToken(ctx, owner, usable ? newRefreshToken(ctx, owner) : null)
}

/**
 * Renews tokens with a refresh token.
 *
 * With rotation the presented token is spent, but only if the answer brings its successor: RFC 6749
 * §6 replaces a refresh token by a new one, never by nothing.
 *
 * @throws SaRefusal when the token is unknown, spent, revoked, expired or another client's.
 */
export function renewTokens(ctx: Context, clientId: string, presented: string): IssuedTokens {
  const { state } = ctx
  const old = findLive(ctx, clientId, presented)
  const owner = { accountId: old.accountId, clientId }
  if (state.settings.refreshToken !== 'string') return withAccessToken(ctx, owner, null)
  if (state.settings.rotation === 'none') {
    const seconds = Math.floor((old.expiresAt - ctx.now()) / 1000)
    return withAccessToken(ctx, owner, { value: presented, seconds })
  }
  state.refreshTokens.set(presented, { ...old, status: 'spent' })
  state.activity.spent.refreshTokens += 1
  return withAccessToken(ctx, owner, newRefreshToken(ctx, owner))
}

function findLive(ctx: Context, clientId: string, presented: string): RefreshToken {
  const known = ctx.state.refreshTokens.get(presented)
  if (known === undefined || known.status !== 'live' || known.expiresAt <= ctx.now()) {
    throw new SaRefusal('AUT_1802', 'invalid_grant', 'refresh_token is incorrect')
  }
  if (known.clientId !== clientId) throw new SaRefusal('AUT_1806')
  return known
}

function newRefreshToken(ctx: Context, owner: Owner): NonNullable<IssuedTokens['refreshToken']> {
  const value = randomBytes(32).toString('base64url')
  const seconds = ctx.state.settings.refreshTokenLifetimeSeconds
  const expiresAt = ctx.now() + seconds * 1000
  ctx.state.refreshTokens.set(value, { ...owner, expiresAt, status: 'live' })
  ctx.state.activity.issued.refreshTokens += 1
  return { value, seconds }
}

function withAccessToken(
  ctx: Context,
  owner: Owner,
  refreshToken: IssuedTokens['refreshToken'],
): IssuedTokens {
  const accessToken = randomBytes(24).toString('base64url')
  const accessTokenSeconds = ctx.state.settings.accessTokenLifetimeSeconds
  const expiresAt = ctx.now() + accessTokenSeconds * 1000
  ctx.state.accessTokens.set(accessToken, { ...owner, expiresAt, revoked: false })
  ctx.state.activity.issued.accessTokens += 1
  return { accountId: owner.accountId, accessToken, accessTokenSeconds, refreshToken }
}
