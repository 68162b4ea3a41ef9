import type { Request, RequestHandler, Response } from 'express'
import type { Audit } from '../audit/audit.ts'
import type { Scope } from '../config/config.ts'
import { notePortal } from '../http/request-context.ts'
import { type ApiLimits, type Count, connectionOf } from '../limits/api-limits.ts'
import type { Load } from '../limits/load.ts'
import type { Refusals } from '../limits/refusals.ts'
import type { Strangers } from '../limits/strangers.ts'
import { nameActor } from '../shared/actor.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Authenticator, KeyRefusal, Principal } from './authenticate.ts'
import type { AssertionRefusal } from './authenticate-assertion.ts'

/** The principal of a request that came through the door, if its key has the scope. @throws ServiceError `insufficient_scope` */
export type Admit = (req: Request, res: Response, scope: Scope) => Principal

/** The door of `/v1`: nothing of a request is looked at before its key is proven. */
export interface Door {
  readonly enter: RequestHandler
  readonly admit: Admit
}

/** What bounds those who come through the door. */
export interface DoorLimits {
  readonly api: ApiLimits
  readonly strangers: Strangers
  readonly load: Pick<Load, 'keptOf'>
  readonly refusals: Pick<Refusals, 'limited'>
}

/** Creates the door. `enter` goes first, before any body is read; routes ask `admit` for a scope. */
export function createDoor(
  authenticator: Authenticator,
  log: Log,
  audit: Pick<Audit, 'tally'>,
  { api, strangers, load, refusals }: DoorLimits,
): Door {
  const principals = new WeakMap<Request, Principal>()

  /** Sees that what is known of keys is new. Whoever is known meanwhile does not wait among strangers. */
  async function freshen(req: Request): Promise<void> {
    if (authenticator.isFresh()) return
    const known = authenticator.recognize(req)
    if (known !== null) countFor(known.portal.id, req)
    await authenticator.freshen()
  }

  /** Who sends it. From where too many were refused, only what was proven before is looked at. */
  async function identify(req: Request): Promise<Principal> {
    const exhausted = await strangers.exhausted(req)
    const principal =
      exhausted === null ? authenticator.identify(req) : authenticator.recognize(req)
    if (principal !== null) return principal
    if (exhausted !== null) throw refusals.limited(exhausted)
    const asserted = await authenticator.authenticateAssertion(req)
    if (asserted !== null && 'portal' in asserted) return asserted
    await strangers.failed(req)
    // The same answer to all, or a key that was stolen would say what it is still good for.
    const why = asserted ?? authenticator.explain(req)
    log.warn('api_key_refused', { method: req.method, ...why })
    noteStranger(audit, why)
    throw new ServiceError('invalid_api_key')
  }

  /** Says on every answer how it stands, and lets nobody on who asks too often. */
  function admitCount(res: Response, count: Count, principal?: Principal): void {
    for (const [name, value] of Object.entries(api.headers(count))) res.setHeader(name, value)
    const refusal = api.refusal(count, principal)
    if (refusal !== null) throw refusal
  }

  /** From here on the request is one of those of its portal. */
  function countFor(portalId: string, req: Request): void {
    const kept = load.keptOf(req)
    const refusal = kept === undefined || kept instanceof ServiceError ? null : kept.prove(portalId)
    if (refusal !== null) throw refusal
  }

  return {
    async enter(req, res, next) {
      const before = api.countOf(req)
      const arrived = before ?? (await api.arrive(req))
      admitCount(res, arrived)
      await freshen(req)
      const principal = await identify(req)
      const { portal, apiKeyId } = principal
      notePortal(res, portal.id)
      nameActor({ kind: 'portal', portalId: portal.id, apiKeyId })
      countFor(portal.id, req)
      const count = before ?? (await api.prove(arrived, principal, connectionOf(req.originalUrl)))
      admitCount(res, count, principal)
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

/** @param why - What is known of a key that was proven and is refused all the same, or of an assertion. */
function noteStranger(
  audit: Pick<Audit, 'tally'>,
  why: KeyRefusal | AssertionRefusal | null,
): void {
  const { apiKeyId, reason } = why ?? { apiKeyId: undefined, reason: 'api_key' }
  const event = { event: 'authentication_failed', outcome: 'invalid_api_key', reason } as const
  audit.tally('refusal', `${reason} ${apiKeyId}`, () => ({ ...event, subject: apiKeyId }))
}
