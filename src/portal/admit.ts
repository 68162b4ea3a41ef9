import type { Request, RequestHandler, Response } from 'express'
import type { Audit } from '../audit/audit.ts'
import type { Scope } from '../config/config.ts'
import { notePortal } from '../http/request-context.ts'
import { nameActor } from '../shared/actor.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Authenticator, KeyRefusal, Principal } from './authenticate.ts'

/** The principal of a request that came through the door, if its key has the scope. @throws ServiceError `insufficient_scope` */
export type Admit = (req: Request, res: Response, scope: Scope) => Principal

/** The door of `/v1`: nothing of a request is looked at before its key is proven. */
export interface Door {
  readonly enter: RequestHandler
  readonly admit: Admit
}

/** Creates the door. `enter` goes first, before any body is read; routes ask `admit` for a scope. */
export function createDoor(
  authenticator: Authenticator,
  log: Log,
  audit: Pick<Audit, 'tally'>,
): Door {
  const principals = new WeakMap<Request, Principal>()

  return {
    async enter(req, res, next) {
      if (!authenticator.isFresh()) await authenticator.freshen()
      const principal = authenticator.identify(req)
      if (principal === null) {
        // The same answer to all, or a key that was stolen would say what it is still good for.
        const why = authenticator.explain(req)
        log.warn('api_key_refused', { method: req.method, ...why })
        noteStranger(audit, why)
        throw new ServiceError('invalid_api_key')
      }
      notePortal(res, principal.portal.id)
      nameActor({ kind: 'portal', portalId: principal.portal.id, apiKeyId: principal.apiKeyId })
      principals.set(req, principal)
      next()
    },

    admit(req, _res, scope) {
      const principal = principals.get(req)
      if (principal === undefined) throw new ServiceError('invalid_api_key')
      if (principal.scopes.has(scope)) return principal
      const apiKeyId = principal.apiKeyId
      const refusal = {
        event: 'scope_refused',
        outcome: 'insufficient_scope',
        reason: scope,
      } as const
      audit.tally('refusal', `${apiKeyId} ${scope}`, () => refusal)
      log.warn('scope_refused', { portalId: principal.portal.id, apiKeyId, reason: scope })
      throw new ServiceError('insufficient_scope', { detail: `the call needs scope ${scope}` })
    },
  }
}

/** @param why - What is known of a key that was proven, and is refused all the same. */
function noteStranger(audit: Pick<Audit, 'tally'>, why: KeyRefusal | null): void {
  const { apiKeyId, reason } = why ?? { apiKeyId: undefined, reason: 'api_key' }
  const event = { event: 'authentication_failed', outcome: 'invalid_api_key', reason } as const
  audit.tally('refusal', `${reason} ${apiKeyId}`, () => ({ ...event, subject: apiKeyId }))
}
