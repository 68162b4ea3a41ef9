import type { Clock, EpochMs } from '../../../../src/shared/time.ts'
import { tokenError } from '../support/samsung.ts'
import type { Process } from './process.ts'

/** Whether a refresh token is replaced on use, and what happens to one that is used again. */
export type Rotation = 'none' | 'rotate' | 'grace' | 'reuse_revokes'

/** In every token and address here; whoever writes it down has given away a secret. */
export const MARKER = 'not-for-anybody-else'

/** A customer's consent, and all tokens that came of it. */
export interface Grant {
  readonly connectionId: string
  /** In the order of time. */
  readonly number: number
  newest: Issue | null
  /** Ended by the customer, or by a refresh token that was used again. */
  endedBy: 'customer' | Presentation | null
}

/** Tokens as Samsung gave them. */
export interface Issue {
  readonly grant: Grant
  readonly access: string
  readonly refresh: string
  readonly accessExpiresAt: EpochMs
  /** The first of its grant. */
  readonly isFirst: boolean
  accessWithdrawn: boolean
  /** Processes that have received them. */
  readonly holders: Process[]
  /** When a store first had them. */
  storedAt: EpochMs | null
  /** The process that was told that they are stored safely, and when. */
  safeWith: { readonly process: Process; readonly at: EpochMs } | null
  /** When a failover took them back after that. */
  takenBackAt: EpochMs | null
}

/** One refresh token, presented once. */
export interface Presentation {
  readonly token: string
  readonly process: Process
  readonly at: EpochMs
  readonly connectionId: string
  /** Of the token set that it was to replace. */
  readonly generation: number
  /** Logged as a recovery. */
  readonly isRecovery: boolean
  /** It travelled longer than a client waits. */
  wasLate: boolean
  /** What Samsung made of it; `pending` when it has not arrived. */
  outcome: 'pending' | 'refused' | 'issued'
  issue: Issue | null
  /** Its process has heard the answer: tokens, or a no that is certain. */
  isHeard: boolean
  /** Its process is done with it. */
  hasEnded: boolean
}

interface RefreshToken {
  readonly grant: Grant
  successor: Issue | null
  spentAt: EpochMs
}

/** What is true at Samsung. */
export interface SamsungTruth {
  readonly presentations: Presentation[]
  consent(connectionId: string): Issue
  /** @throws TokenRequestError `customer` */
  redeem(presentation: Presentation): Issue
  /** Whether this refresh token would bring tokens now. */
  accepts(refresh: string): boolean
  /** All that were ever given. */
  grants(): readonly Grant[]
  grantOf(refresh: string): Grant | undefined
  /** The tokens that replaced this one. */
  successorOf(refresh: string): Issue | null
  issueOf(access: string): Issue | undefined
  /** Whether Knox would take this access token. */
  isLive(access: string): boolean
}

export interface SamsungTruthDeps {
  readonly rotation: Rotation
  readonly graceMs: number
  readonly accessLifeMs: number
  readonly now: Clock
}

export function createSamsungTruth(deps: SamsungTruthDeps): SamsungTruth {
  const { rotation, graceMs, accessLifeMs, now } = deps
  const refreshTokens = new Map<string, RefreshToken>()
  const issues = new Map<string, Issue>()
  const presentations: Presentation[] = []
  const grants: Grant[] = []

  function issue(grant: Grant, refresh = `refresh-${issues.size + 1}-${MARKER}`): Issue {
    const made: Issue = {
      grant,
      access: `access-${issues.size + 1}-${MARKER}`,
      refresh,
      accessExpiresAt: now() + accessLifeMs,
      isFirst: grant.newest === null,
      accessWithdrawn: false,
      holders: [],
      storedAt: null,
      safeWith: null,
      takenBackAt: null,
    }
    issues.set(made.access, made)
    if (!refreshTokens.has(refresh))
      refreshTokens.set(refresh, { grant, successor: null, spentAt: 0 })
    grant.newest = made
    return made
  }

  /** As in the sandbox: the last exchange is repeated, as long as nothing newer was issued. */
  function inGrace({ grant, successor, spentAt }: RefreshToken): boolean {
    return rotation === 'grace' && grant.newest === successor && now() < spentAt + graceMs
  }

  function accepts(refresh: string): boolean {
    const known = refreshTokens.get(refresh)
    if (known === undefined || known.grant.endedBy !== null) return false
    return known.successor === null || inGrace(known)
  }

  return {
    presentations,
    accepts,
    grants: () => grants,
    grantOf: (refresh) => refreshTokens.get(refresh)?.grant,
    successorOf: (refresh) => refreshTokens.get(refresh)?.successor ?? null,
    issueOf: (access) => issues.get(access),

    consent(connectionId) {
      const grant = { connectionId, number: grants.length, newest: null, endedBy: null }
      grants.push(grant)
      return issue(grant)
    },

    redeem(presentation) {
      const known = refreshTokens.get(presentation.token)
      if (known === undefined || !accepts(presentation.token)) {
        const isReuse = known !== undefined && known.successor !== null
        if (isReuse && rotation === 'reuse_revokes') known.grant.endedBy ??= presentation
        throw tokenError('customer')
      }
      if (rotation === 'none') return issue(known.grant, presentation.token)
      if (known.successor !== null) return known.successor
      known.successor = issue(known.grant)
      known.spentAt = now()
      return known.successor
    },

    isLive(access) {
      const found = issues.get(access)
      if (found === undefined || found.accessWithdrawn) return false
      return found.grant.endedBy === null && found.accessExpiresAt > now()
    },
  }
}
