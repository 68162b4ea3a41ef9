import type { Request } from 'express'
import { parseCookies } from '../http/cookies.ts'
import { PageError } from '../http/page-messages.ts'
import { parseParameters } from '../http/parameters.ts'
import { readRawBody } from '../http/raw-body.ts'
import { type ConnectSessionId, isConnectSessionId } from '../shared/ids.ts'
import { flowCookieName } from './flow-cookies.ts'

/** The query of a request. The target is not read as a URL: a client may send one that is none. */
export function queryOf({ originalUrl }: Request): URLSearchParams {
  const start = originalUrl.indexOf('?')
  return new URLSearchParams(start === -1 ? '' : originalUrl.slice(start + 1))
}

/** A look-up of this browser's flow cookies. @throws ServiceError `malformed_request` */
export const cookieOf = (req: Request) => {
  const cookies = parseCookies(req.headers.cookie)
  return (id: ConnectSessionId) => cookies.get(flowCookieName(id))
}

/** The id of a `connect_url`. @throws PageError `not_found` */
export function readSessionId(req: Request): ConnectSessionId {
  const { id } = req.params
  if (typeof id !== 'string' || !isConnectSessionId(id)) throw new PageError('not_found')
  return id
}

/** A form as it was posted. @throws PageError `bad_request`, ServiceError `payload_too_large` */
export async function readBody(req: Request, limitBytes: number): Promise<string> {
  if (req.is('application/x-www-form-urlencoded') === false) throw new PageError('bad_request', 415)
  return (await readRawBody(req, limitBytes)).toString('utf8')
}

/** The fields of a form of ours, each given once. @throws as `readBody`, ServiceError `invalid_request` */
export async function readForm(
  req: Request,
  limitBytes: number,
): Promise<ReadonlyMap<string, string>> {
  return parseParameters(await readBody(req, limitBytes))
}
