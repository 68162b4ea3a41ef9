import { createHash } from 'node:crypto'

/** The endpoints that are recorded and can be made to fail. */
export type Target = 'signin' | 'token' | 'ams' | 'kme'

/** What a request said about itself, read without judging it. */
export interface RequestFacts {
  readonly grantType?: string
  readonly jti?: string
  /** Fingerprint of the code, refresh token or API token that was presented. */
  readonly presented?: string
}

/** One request to one of the targets. */
export interface RequestEntry extends RequestFacts {
  /** RFC 3339, by the sandbox's clock. */
  readonly at: string
  readonly on: Target
  /** Method and path. */
  readonly route: string
  /** `null` when the connection was cut before a complete answer. */
  readonly status: number | null
  /** Samsung's code of the refusal. */
  readonly code?: string
  /** Fingerprints of what was handed out, by name. */
  readonly issued?: Readonly<Record<string, string>>
  /** Kind of the scripted fault that was applied. */
  readonly fault?: string
}

/** What happened since the start, or since the record was cleared. Holds no token. */
export interface Activity {
  readonly issued: { codes: number; accessTokens: number; refreshTokens: number; kcsTokens: number }
  readonly spent: { codes: number; refreshTokens: number; jtis: number }
  /** Requests refused by a check; scripted faults are not counted. */
  readonly refused: Record<Target, number>
  /** The newest 10,000 requests, oldest first. */
  readonly requests: RequestEntry[]
}

const KEPT_REQUESTS = 10_000

/** Makes an empty record. */
export const createActivity = (): Activity => ({
  issued: { codes: 0, accessTokens: 0, refreshTokens: 0, kcsTokens: 0 },
  spent: { codes: 0, refreshTokens: 0, jtis: 0 },
  refused: { signin: 0, token: 0, ams: 0, kme: 0 },
  requests: [],
})

/** Adds a request, and drops the oldest one beyond the limit. */
export function addRequest(activity: Activity, entry: RequestEntry): void {
  if (activity.requests.length === KEPT_REQUESTS) activity.requests.shift()
  activity.requests.push(entry)
}

/** SHA-256 of a token, base64url: enough to recognise it by, useless to anybody else. */
export const fingerprint = (value: string): string =>
  createHash('sha256').update(value).digest('base64url')
