import { createHash } from 'node:crypto'

/** The endpoints that are recorded and can be made to fail. */
export const TARGETS = [
  'signin',
  'token',
  'ams',
  'program',
  'authorize',
  'oauth_token',
  'oauth_revoke',
  'kme',
  'kg',
  'msp',
] as const
export type Target = (typeof TARGETS)[number]

/**
 * What a refresh token is worth at the moment it is presented. `in_grace` is a spent one whose
 * exchange may still be repeated, if nothing newer was issued. One that was spent before its life
 * was over stays `spent`, and does not become `expired`.
 */
export type Standing = 'live' | 'in_grace' | 'spent' | 'expired' | 'revoked' | 'unknown'

/**
 * How sending an answer went.
 *
 * - `pending`: it is not over yet.
 * - `delivered`: the operating system took all of it; whether the caller read it, nobody knows.
 * - `spoilt`: as `delivered`, but a fault had replaced the body.
 * - `cut`: a fault closed the connection before the end, or before the first byte.
 * - `caller_left`: the connection was gone before the end, and not by a fault.
 */
export type Delivery = 'pending' | 'delivered' | 'spoilt' | 'cut' | 'caller_left'

/** What a request said about itself, and what is known of the token in it, before judging it. */
export interface RequestFacts {
  readonly grantType?: string
  readonly jti?: string
  /** Fingerprint of the code, refresh token or API token that was presented. */
  readonly presented?: string
  /** Id of the family to which the presented refresh token belongs, or that a code began. */
  readonly family?: string
  /** Of the presented refresh token. */
  readonly standing?: Standing
  /** How often this refresh token has been presented, this time included. */
  readonly presentations?: number
}

/** One request to one of the targets. */
export interface RequestEntry extends RequestFacts {
  /** RFC 3339, by the sandbox's clock. */
  readonly at: string
  readonly on: Target
  /** Method and path. */
  readonly route: string
  /** `null` when a fault lets no complete answer through. */
  readonly status: number | null
  /** `not_judged` when a fault answered, or cut, in the endpoint's place: nothing was done. */
  readonly outcome: 'accepted' | 'refused' | 'not_judged'
  /** Changes once, when the answer is sent or lost. */
  delivery: Delivery
  /** Samsung's code of the refusal. */
  readonly code?: string
  /** Fingerprints of what was handed out, by name. */
  readonly issued?: Readonly<Record<string, string>>
  /** Kind of the scripted fault that was applied. */
  readonly fault?: string
}

/** What happened since the start, or since the record was cleared. Holds no token. */
export interface Activity {
  readonly issued: {
    codes: number
    accessTokens: number
    refreshTokens: number
    kcsTokens: number
    programTokens: number
    oauthCodes: number
    oauthAccessTokens: number
    oauthRefreshTokens: number
  }
  readonly spent: {
    codes: number
    refreshTokens: number
    jtis: number
    oauthCodes: number
    oauthRefreshTokens: number
  }
  /** Requests refused by a check; scripted faults are not counted. */
  readonly refused: Record<Target, number>
  /** The newest 10,000 requests, oldest first. */
  readonly requests: RequestEntry[]
}

const KEPT_REQUESTS = 10_000

/** Makes an empty record. */
export const createActivity = (): Activity => ({
  issued: {
    codes: 0,
    accessTokens: 0,
    refreshTokens: 0,
    kcsTokens: 0,
    programTokens: 0,
    oauthCodes: 0,
    oauthAccessTokens: 0,
    oauthRefreshTokens: 0,
  },
  spent: { codes: 0, refreshTokens: 0, jtis: 0, oauthCodes: 0, oauthRefreshTokens: 0 },
  refused: {
    signin: 0,
    token: 0,
    ams: 0,
    program: 0,
    authorize: 0,
    oauth_token: 0,
    oauth_revoke: 0,
    kme: 0,
    kg: 0,
    msp: 0,
  },
  requests: [],
})

/** Adds a request, drops the oldest one beyond the limit, and counts a refusal. */
export function addRequest(activity: Activity, entry: RequestEntry): void {
  if (entry.outcome === 'refused') activity.refused[entry.on] += 1
  if (activity.requests.length === KEPT_REQUESTS) activity.requests.shift()
  activity.requests.push(entry)
}

/** SHA-256 of a token, base64url: enough to recognise it by, useless to anybody else. */
export const fingerprint = (value: string): string =>
  createHash('sha256').update(value).digest('base64url')
