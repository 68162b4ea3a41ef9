import type { Request, Response } from 'express'
import type { Idempotency } from '../idempotency/idempotency.ts'
import { readIdempotencyKey } from '../idempotency/idempotency-key.ts'
import type { KeptAnswer } from '../idempotency/record.ts'
import type { Principal } from './authenticate.ts'

/** What a route created. */
export interface Created {
  /** Path of what was created. */
  readonly location: string
  readonly body: object
}

/**
 * Answers a create with 201, once per `Idempotency-Key`: repeated, the same answer is sent with
 * `Idempotency-Replayed: true`. Without the field the create is simply done.
 *
 * @param create - Called after everything about the request itself is found to be right, at most once.
 * @throws ServiceError for a field that is not well-formed, and as {@link Idempotency.run}
 */
export type AnswerOnce = (
  req: Request,
  res: Response,
  principal: Principal,
  create: () => Promise<Created>,
) => Promise<void>

/** Creates the wrapper that every route which creates something answers through. */
export function createAnswerOnce(idempotency: Idempotency): AnswerOnce {
  return async (req, res, principal, create) => {
    const key = readIdempotencyKey(req.headersDistinct['idempotency-key'])
    const work = async () => toAnswer(await create())
    if (key === null) return send(res, await work())
    const { portal, apiKeyId } = principal
    const route = `${req.method} ${req.baseUrl}${req.path}`
    const call = { portalId: portal.id, apiKeyId, route, key, body: req.body as unknown }
    const { answer, isReplay } = await idempotency.run(call, work)
    if (isReplay) res.set('Idempotency-Replayed', 'true')
    return send(res, answer)
  }
}

const toAnswer = ({ location, body }: Created): KeptAnswer => ({
  status: 201,
  location,
  body: JSON.stringify(body),
})

function send(res: Response, { status, location, body }: KeptAnswer): void {
  res.status(status).type('application/json')
  if (location !== undefined) res.location(location)
  res.send(body)
}
