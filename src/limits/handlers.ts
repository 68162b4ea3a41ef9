import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { ClientAddress } from '../http/client-address.ts'
import { ServiceError } from '../shared/errors.ts'
import { addressKey } from './address-key.ts'
import type { Limiter } from './limiter.ts'
import type { Load } from './load.ts'
import type { Refusals } from './refusals.ts'
import type { Strangers } from './strangers.ts'

export interface PageLimitDeps {
  readonly limiter: Limiter | null
  readonly load: Pick<Load, 'keptOf'>
  readonly addressOf: ClientAddress
  readonly refusals: Pick<Refusals, 'limited'>
}

/** Middleware of the browser's routes: a page is for people who have proven nothing. */
export function pageLimit({ limiter, load, addressOf, refusals }: PageLimitDeps): RequestHandler {
  return async (req, _res, next) => {
    const kept = load.keptOf(req)
    if (kept instanceof ServiceError) throw kept
    if (limiter !== null) {
      const standing = await limiter.take(addressKey(addressOf(req)))
      if (standing.exceeded) throw refusals.limited(standing)
    }
    next()
  }
}

export interface StrangerLimitDeps {
  readonly strangers: Strangers
  readonly refusals: Pick<Refusals, 'limited'>
}

/**
 * Goes after the routes of the admin listener: whoever has failed too often to prove a credential is told
 * so instead. Whoever proves one never comes here.
 */
export function strangerLimit({ strangers, refusals }: StrangerLimitDeps): ErrorRequestHandler {
  return async (error, req, _res, next) => {
    if (!(error instanceof ServiceError) || error.code !== 'invalid_api_key') return next(error)
    const exhausted = await strangers.exhausted(req)
    if (exhausted !== null) return next(refusals.limited(exhausted))
    await strangers.failed(req)
    return next(error)
  }
}
