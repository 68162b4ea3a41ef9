import type { Request, RequestHandler, Response } from 'express'
import type { Scope } from '../config/config.ts'
import { notePortal } from '../http/request-context.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Authenticator, Principal } from './authenticate.ts'

/** The principal of a request that came through the door, if its key has the scope. @throws ServiceError `insufficient_scope` */
export type Admit = (req: Request, res: Response, scope: Scope) => Principal

/** The door of `/v1`: nothing of a request is looked at before its key is proven. */
export interface Door {
  readonly enter: RequestHandler
  readonly admit: Admit
}

/** Creates the door. `enter` goes first, before any body is read; routes ask `admit` for a scope. */
export function createDoor(authenticator: Authenticator, log: Log): Door {
  const principals = new WeakMap<Request, Principal>()

  return {
    enter(req, res, next) {
      const principal = authenticator.identify(req.headers.authorization)
      if (principal === null) {
        log.warn('api_key_refused', { method: req.method })
        throw new ServiceError('invalid_api_key')
      }
      notePortal(res, principal.portal.id)
      principals.set(req, principal)
      next()
    },

    admit(req, _res, scope) {
      const principal = principals.get(req)
      if (principal === undefined) throw new ServiceError('invalid_api_key')
      if (principal.scopes.has(scope)) return principal
      const apiKeyId = principal.apiKeyId
      log.warn('scope_refused', { portalId: principal.portal.id, apiKeyId, reason: scope })
      throw new ServiceError('insufficient_scope', { detail: `the call needs scope ${scope}` })
    },
  }
}
