import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import { oauthStandingOf } from '../knox-oauth/tokens.ts'
import type { OauthGrant } from '../oauth-state.ts'
import { type Activity, type Delivery, fingerprint } from '../record.ts'
import { standingOf } from '../samsung-account/standing.ts'
import type { Family } from '../state.ts'

/** How a family of tokens stands now. */
export interface FamilyEntry {
  readonly id: string
  readonly account: AccountId
  /** What ended the family; `null` while nothing has. */
  readonly revoked: Family['revokedBy']
  /** How often a refresh token of it was replaced. */
  readonly rotations: number
  /** Fingerprint of the one refresh token that is good now, if there is one. */
  readonly liveRefreshToken: string | null
  /** Whether an answer that carried the newest refresh token was delivered; `null` without one. */
  readonly delivery: Delivery | null
}

/** The record as it is told. Holds no token. */
export interface SandboxRecord extends Readonly<Activity> {
  /** The newest 10,000 families, oldest first; they outlive a cleared record. */
  readonly families: readonly FamilyEntry[]
  /** The newest 10,000 grants of Knox OAuth 2.0, likewise. */
  readonly grants: readonly GrantEntry[]
}

/** How a grant of Knox OAuth 2.0 stands now. */
export interface GrantEntry
  extends Omit<FamilyEntry, 'account' | 'revoked'>,
    Pick<OauthGrant, 'client' | 'scope'> {
  readonly account: AccountId | null
  readonly revoked: OauthGrant['revokedBy']
}

const TOLD_FAMILIES = 10_000

/** Tells what happened and how every family stands; what happens later does not change it. */
export function readRecord(ctx: Context): SandboxRecord {
  const { issued, spent, refused, requests } = ctx.state.activity
  return {
    issued: { ...issued },
    spent: { ...spent },
    refused: { ...refused },
    requests: requests.map((entry) => ({ ...entry })),
    families: [...ctx.state.families]
      .slice(-TOLD_FAMILIES)
      .map(([id, family]) => describeFamily(ctx, id, family)),
    grants: [...ctx.state.oauth.grants]
      .slice(-TOLD_FAMILIES)
      .map(([id, grant]) => describeGrant(ctx, id, grant)),
  }
}

function describeFamily(ctx: Context, id: string, family: Family): FamilyEntry {
  const { newestRefreshToken: newest } = family
  const known = newest === null ? undefined : ctx.state.refreshTokens.get(newest)
  const live = newest !== null && standingOf(ctx, known) === 'live'
  return {
    id,
    account: family.accountId,
    revoked: family.revokedBy,
    rotations: family.rotations,
    liveRefreshToken: live ? fingerprint(newest) : null,
    delivery: known?.delivery ?? null,
  }
}

function describeGrant(ctx: Context, id: string, grant: OauthGrant): GrantEntry {
  const { newestRefreshToken: newest, client, scope } = grant
  const known = newest === null ? undefined : ctx.state.oauth.refreshTokens.get(newest)
  const live = newest !== null && oauthStandingOf(ctx, known) === 'live'
  return {
    id,
    client,
    scope,
    account: grant.accountId,
    revoked: grant.revokedBy,
    rotations: grant.rotations,
    liveRefreshToken: live ? fingerprint(newest) : null,
    delivery: known?.delivery ?? null,
  }
}
