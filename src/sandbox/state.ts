import { EventEmitter } from 'node:events'
import type { AccountId } from './accounts.ts'
import type { Fault } from './control/faults.ts'
import { type Activity, createActivity } from './record.ts'
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

interface AccessToken extends Granted {
  readonly clientId: string
  readonly revoked: boolean
}

export interface RefreshToken extends Granted {
  readonly clientId: string
  readonly status: 'live' | 'spent' | 'revoked'
}

/** An unsigned Knox token, as AMS issued it. */
export interface KcsToken extends Granted {
  readonly revoked: boolean
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
}

/** Makes the one state object of a sandbox. */
export const createState = (settings: Settings): State => ({
  settings,
  initialSettings: settings,
  codes: new Map(),
  accessTokens: new Map(),
  refreshTokens: new Map(),
  kcsTokens: new Map(),
  jtis: new Map(),
  browserSessions: new Map(),
  consents: new Set(),
  faults: [],
  activity: createActivity(),
  arrivals: new EventEmitter(),
})
