import { EventEmitter } from 'node:events'
import type { AccountId } from './accounts.ts'
import type { Fault } from './control/faults.ts'
import { createOauthState, type OauthState } from './oauth-state.ts'
import { type Activity, createActivity, type Delivery } from './record.ts'
import type { Settings } from './settings.ts'

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

/** What an administrator granted, and until when something made of it is good. */
interface Granted {
  readonly accountId: AccountId
  readonly expiresAt: EpochMs
}

export interface AuthorizationCode extends Granted {
  readonly clientId: string
  readonly redirectUri: string
  readonly spent: boolean
}

/** A token, and the authorization code from which it descends. */
interface Issued extends Granted {
  readonly familyId: string
}

export interface AccessToken extends Issued {
  readonly clientId: string
  readonly revoked: boolean
}

export interface RefreshToken extends Issued {
  readonly clientId: string
  readonly status: 'live' | 'spent' | 'revoked'
  /** When it was spent, and the values it was exchanged for; stays when it is revoked. */
  readonly exchanged: {
    readonly at: EpochMs
    readonly accessToken: string
    readonly refreshToken: string
  } | null
  /** How often it was presented, whatever came of it. */
  readonly presentations: number
  /** How the answers that carry it fared: `delivered` for good once one of them was. */
  readonly delivery: Delivery
}

/** An unsigned Knox token, as AMS issued it. */
export interface KcsToken extends Issued {
  readonly revoked: boolean
}

/** A program that gets Knox tokens without anybody's consent (protocol.md 6). */
export type ProgramKind = 'msp' | 'customer'

/** An unsigned Knox token of such a program. */
export interface ProgramToken {
  readonly program: ProgramKind
  readonly expiresAt: EpochMs
}

/** All tokens that descend from one authorization code. */
export interface Family {
  readonly accountId: AccountId
  /** What ended it: consent taken back, or a spent refresh token that came again. */
  readonly revokedBy: 'consent' | 'reuse' | null
  /** How often a refresh token of it was replaced. */
  readonly rotations: number
  readonly newestAccessToken: string | null
  /** `null` while no answer brought one that can be used. */
  readonly newestRefreshToken: string | null
}

/** Everything the sandbox knows and forgets when it stops; tokens are keyed by their value. */
export interface State {
  settings: Settings
  /** What `null` in a control request resets a setting to. */
  readonly initialSettings: Settings
  readonly codes: Map<string, AuthorizationCode>
  readonly accessTokens: Map<string, AccessToken>
  readonly refreshTokens: Map<string, RefreshToken>
  readonly kcsTokens: Map<string, KcsToken>
  readonly programTokens: Map<string, ProgramToken>
  /** Everything about Knox OAuth 2.0. */
  readonly oauth: OauthState
  /** By an id of their own, oldest first. */
  readonly families: Map<string, Family>
  /** Every `jti` ever seen, and the fingerprint of the JWT that bore it. */
  readonly jtis: Map<string, string>
  /** Browser cookie value to the administrator who is signed in. */
  readonly browserSessions: Map<string, AccountId>
  /** Administrators who allowed the portal and did not take it back. */
  readonly consents: Set<AccountId>
  /** Scripted faults, first in first out per target. */
  readonly faults: Fault[]
  activity: Activity
  /** Emits a target's name when a request to it has arrived and nothing was done yet. */
  readonly arrivals: EventEmitter
  /** Emits a target's name when a request to it was acted on and nothing was answered yet. */
  readonly effects: EventEmitter
}

/** Makes the one state object of a sandbox. */
export const createState = (settings: Settings): State => ({
  settings,
  initialSettings: settings,
  codes: new Map(),
  accessTokens: new Map(),
  refreshTokens: new Map(),
  kcsTokens: new Map(),
  programTokens: new Map(),
  oauth: createOauthState(),
  families: new Map(),
  jtis: new Map(),
  browserSessions: new Map(),
  consents: new Set(),
  faults: [],
  activity: createActivity(),
  arrivals: new EventEmitter(),
  effects: new EventEmitter(),
})
