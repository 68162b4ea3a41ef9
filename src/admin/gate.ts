import type { Request } from 'express'
import type { Audit } from '../audit/audit.ts'
import { nameActor } from '../shared/actor.ts'
import { ServiceError } from '../shared/errors.ts'
import { sameSecret } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'

/** What an admin credential is for: to look, or also to change. */
export type AdminRole = 'read' | 'operate'

/** Tells who asks, and refuses everybody else. */
export interface AdminGate {
  /**
   * The role of a request's credential, which must be enough for what it asks.
   *
   * @throws ServiceError `invalid_api_key`, `insufficient_scope`
   */
  admit(req: Request): AdminRole
}

export interface AdminGateDeps {
  readonly tokens: { readonly operate: Secret; readonly read: Secret | null }
  readonly audit: Pick<Audit, 'tally'>
  readonly log: Log
}

const BEARER = /^Bearer +(\S+)$/i

const UNKNOWN_TOKEN = {
  event: 'authentication_failed',
  outcome: 'invalid_api_key',
  reason: 'admin_token',
} as const

const TOO_LITTLE = {
  event: 'scope_refused',
  outcome: 'insufficient_scope',
  reason: 'operate',
} as const

/** Creates the gate of the admin listener. To look at something (`GET`, `HEAD`) takes `read`, all else `operate`. */
export function createAdminGate({ tokens, audit, log }: AdminGateDeps): AdminGate {
  /** Both are compared, whichever it is. */
  function roleOf({ headers }: Request): AdminRole | null {
    const [, token = ''] = BEARER.exec(headers.authorization ?? '') ?? []
    const operates = sameSecret(token, tokens.operate.reveal())
    const reads = tokens.read !== null && sameSecret(token, tokens.read.reveal())
    if (operates) return 'operate'
    return reads ? 'read' : null
  }

  return {
    admit(req) {
      const role = roleOf(req)
      if (role === null) {
        log.warn('admin_token_refused', { method: req.method })
        audit.tally('refusal', 'admin_token', () => UNKNOWN_TOKEN)
        throw new ServiceError('invalid_api_key')
      }
      nameActor({ kind: 'admin', role })
      if (role === 'operate' || req.method === 'GET' || req.method === 'HEAD') return role
      audit.tally('refusal', 'admin_role', () => TOO_LITTLE)
      throw new ServiceError('insufficient_scope', { detail: 'the call needs role operate' })
    },
  }
}
