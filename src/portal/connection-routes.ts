import { type Request, type Response, Router } from 'express'
import type { Portal, Scope } from '../config/config.ts'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { readBody } from '../http/json-body.ts'
import { allowMethods } from '../http/security.ts'
import { parsePathId, parseQuery } from '../http/validate.ts'
import { ServiceError } from '../shared/errors.ts'
import { type ConnectionId, isConnectionId } from '../shared/ids.ts'
import { type Clock, toRfc3339 } from '../shared/time.ts'
import type { Connections } from '../vault/connections.ts'
import { currentBinding } from '../vault/record.ts'
import type { TokenSource } from '../vault/token-source.ts'
import type { Admit } from './admit.ts'
import type { AnswerOnce } from './answer-once.ts'
import type { ViewConnection } from './connection-view.ts'
import type { CreateConnection } from './create-connection.ts'
import type { DeleteConnection } from './delete-connection.ts'
import type { CountHandOut } from './hand-out-count.ts'
import type { ListConnections } from './list-connections.ts'
import { remedied } from './remedied.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { VerifyConnection } from './verify-connection.ts'
import { emptyBody, listQuery, newConnectionBody, noBody, noQuery, tokenBody } from './wire.ts'

export interface ConnectionRouterDeps {
  readonly admit: Admit
  readonly answerOnce: AnswerOnce
  readonly createConnection: CreateConnection
  readonly connections: Connections
  readonly listConnections: ListConnections
  readonly deleteConnection: DeleteConnection
  readonly verifyConnection: VerifyConnection
  readonly viewConnection: ViewConnection
  readonly tokenSource: TokenSource
  readonly tokenAnswer: TokenAnswer
  /** Whether a program's token would open customers of other portals. */
  readonly isProxyOnly: (programId: string) => boolean
  readonly countHandOut: CountHandOut
  readonly minTtl: MinTtl
  readonly pageLimit: number
  readonly clock: Clock
}

/** `min_ttl_seconds` when none is given, and the most that can be asked for. */
export interface MinTtl {
  readonly defaultMs: number
  /** The program's token validity less the margin. */
  readonly maxMs: (programId: string) => number
}

/** Routes under `/v1/connections`: standing permissions, and what can be had from them. */
export function createConnectionRouter(deps: ConnectionRouterDeps): Router {
  const { admit, connections, viewConnection, tokenSource, clock } = deps
  const router = Router(EXACT_PATHS)
  const query = listQuery(deps.pageLimit)

  router
    .route('/connections')
    .get(async (req, res) => {
      const { portal, programs } = admit(req, res, 'connections:read')
      readBody(noBody, req)
      const wanted = { ...parseQuery(query, req.originalUrl), opened: programs }
      const found = await deps.listConnections(portal, wanted)
      const data = await Promise.all(found.connections.map((one) => viewConnection(portal, one)))
      res.json({ data, next_cursor: found.nextCursor })
    })
    .post(async (req, res) => {
      const principal = admit(req, res, 'connect')
      parseQuery(noQuery, req.originalUrl)
      const wish = readBody(newConnectionBody, req)
      await deps.answerOnce(req, res, principal, async () => {
        const made = await deps.createConnection(principal.portal, wish)
        const body = await viewConnection(principal.portal, made)
        return { location: `/v1/connections/${made.connection.id}`, body }
      })
    })
    .all(allowMethods('GET', 'POST'))

  router
    .route('/connections/:id')
    .get(async (req, res) => {
      const { portal, id } = await enter(req, res, 'connections:read')
      readBody(noBody, req)
      res.json(await viewConnection(portal, await read(portal, id)))
    })
    .delete(async (req, res) => {
      const { portal, id } = await enter(req, res, 'connections:write')
      // Whoever sends `{"dry_run": true}` must not find the connection gone.
      readBody(noBody, req)
      const { upstreamRevoked, customerMessage } = await deps.deleteConnection(portal, id)
      res.set('Knoxgate-Upstream-Revoked', String(upstreamRevoked))
      // RFC 7240: a client that wants to read about it gets a body; the plain answer stays 204.
      if (!/\breturn=representation\b/.test(req.get('prefer') ?? '')) return res.status(204).end()
      return res.json({ id, upstream_revoked: upstreamRevoked, customer_message: customerMessage })
    })
    .all(allowMethods('GET', 'DELETE'))

  router
    .route('/connections/:id/token')
    .post(async (req, res) => {
      const { principal, portal, id } = await enter(req, res, 'tokens')
      const { minTtlMs = deps.minTtl.defaultMs, rejected } = readOptional(tokenBody, req)
      const arrivedAt = clock()
      const request = { minTtlMs, arrivedAt, ...(rejected === undefined ? {} : { rejected }) }
      if (minTtlMs > deps.minTtl.defaultMs) await assertMinTtl(portal, id, minTtlMs)
      const handOut = await remedied(portal, id, () => tokenSource.handOut(portal.id, id, request))
      if (deps.isProxyOnly(handOut.programId))
        throw new ServiceError('proxy_only', { connectionId: id })
      deps.countHandOut(principal, id, handOut)
      res.type('json').send(deps.tokenAnswer(handOut))
    })
    .all(allowMethods('POST'))

  router
    .route('/connections/:id/verify')
    .post(async (req, res) => {
      const { portal, id } = await enter(req, res, 'connections:read')
      readOptional(emptyBody, req)
      const checkedAt = await remedied(portal, id, () => deps.verifyConnection(portal, id))
      const connection = await viewConnection(portal, await read(portal, id))
      res.json({ trust: 'present', checked_at: toRfc3339(checkedAt), connection })
    })
    .all(allowMethods('POST'))

  async function enter(req: Request, res: Response, scope: Scope) {
    const principal = admit(req, res, scope)
    const { portal, programs } = principal
    parseQuery(noQuery, req.originalUrl)
    const id = parsePathId(isConnectionId, req.params.id)
    if (programs !== undefined) await assertOpened(portal, id, programs)
    return { principal, portal, id }
  }

  /** A connection of a program that the key is not for is as absent as another portal's. */
  async function assertOpened(portal: Portal, id: ConnectionId, programs: ReadonlySet<string>) {
    const { connection } = await read(portal, id)
    if (!programs.has(currentBinding(connection).program)) throw new ServiceError('not_found')
  }

  async function read(portal: Portal, id: ConnectionId) {
    const found = await connections.read(id)
    if (found === null || found.connection.portalId !== portal.id)
      throw new ServiceError('not_found')
    return found
  }

  async function assertMinTtl(portal: Portal, id: ConnectionId, minTtlMs: number): Promise<void> {
    const { connection } = await read(portal, id)
    const maxMs = Math.min(...connection.bindings.map((one) => deps.minTtl.maxMs(one.program)))
    if (minTtlMs <= maxMs) return
    const rule = `must be at most ${Math.floor(maxMs / 1000)} for this connection`
    throw new ServiceError('invalid_request', {
      detail: `min_ttl_seconds ${rule}`,
      errors: [{ field: '/min_ttl_seconds', rule }],
    })
  }

  return router
}

/** A body that may be left out altogether. */
const readOptional: typeof readBody = (schema, req) => {
  req.body ??= {}
  return readBody(schema, req)
}
