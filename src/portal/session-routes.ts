import { Router } from 'express'
import type { CompleteSession } from '../consent/complete-session.ts'
import type { CreateSession } from '../consent/create-session.ts'
import type { ConnectSession } from '../consent/session-record.ts'
import { statusOfSession } from '../consent/session-transitions.ts'
import type { Sessions } from '../consent/sessions.ts'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { readBody } from '../http/json-body.ts'
import { allowMethods } from '../http/security.ts'
import { parsePathId, parseQuery } from '../http/validate.ts'
import { ServiceError } from '../shared/errors.ts'
import { type ConnectSessionId, isConnectSessionId } from '../shared/ids.ts'
import { type EpochMs, toRfc3339 } from '../shared/time.ts'
import type { Admit } from './admit.ts'
import type { AnswerOnce } from './answer-once.ts'
import type { Principal } from './authenticate.ts'
import type { ViewConnection } from './connection-view.ts'
import { completionBody, newSessionBody, noBody, noQuery } from './wire.ts'

export interface SessionRouterDeps {
  readonly admit: Admit
  readonly answerOnce: AnswerOnce
  readonly createSession: CreateSession
  readonly completeSession: CompleteSession
  readonly sessions: Sessions
  readonly viewConnection: ViewConnection
  readonly publicUrl: string
}

/** Routes under `/v1/connect-sessions`: one attempt at consent, from its start to its completion. */
export function createSessionRouter(deps: SessionRouterDeps): Router {
  const { admit, answerOnce, createSession, completeSession, sessions, viewConnection, publicUrl } =
    deps
  const router = Router(EXACT_PATHS)

  router
    .route('/connect-sessions')
    .post(async (req, res) => {
      const principal = admit(req, res, 'connect')
      parseQuery(noQuery, req.originalUrl)
      const wish = readBody(newSessionBody, req)
      await answerOnce(req, res, principal, async () => {
        const { id, expiresAt } = await createSession(principal.portal, wish)
        const connectUrl = `${publicUrl}/connect/${id}`
        return {
          location: `/v1/connect-sessions/${id}`,
          body: {
            id,
            status: 'pending',
            connect_url: connectUrl,
            expires_at: toRfc3339(expiresAt),
          },
        }
      })
    })
    .all(allowMethods('POST'))

  router
    .route('/connect-sessions/:id')
    .get(async (req, res) => {
      const principal = admit(req, res, 'connect')
      parseQuery(noQuery, req.originalUrl)
      readBody(noBody, req)
      const found = await readOpened(principal, parsePathId(isConnectSessionId, req.params.id))
      res.json(viewSession(found.record, found.serverNow))
    })
    .all(allowMethods('GET'))

  router
    .route('/connect-sessions/:id/complete')
    .post(async (req, res) => {
      const principal = admit(req, res, 'connect')
      const { portal, programs } = principal
      parseQuery(noQuery, req.originalUrl)
      const id = parsePathId(isConnectSessionId, req.params.id)
      if (programs !== undefined) await readOpened(principal, id)
      const stored = await completeSession(portal, id, readBody(completionBody, req))
      res.json(await viewConnection(portal, stored))
    })
    .all(allowMethods('POST'))

  /** A session of another portal, or of a program that the key is not for, is as one that is not there. */
  async function readOpened({ portal, programs }: Principal, id: ConnectSessionId) {
    const found = await sessions.read(id)
    const isOwn = found !== null && found.record.portalId === portal.id
    if (!isOwn || programs?.has(found.record.program) === false) throw new ServiceError('not_found')
    return found
  }

  return router
}

function viewSession(session: ConnectSession, now: EpochMs) {
  const status = statusOfSession(session, now)
  const { completeBy, connectionId, failure } = session
  return {
    id: session.id,
    status,
    expires_at: toRfc3339(session.expiresAt),
    ...(status === 'awaiting_completion' && completeBy !== undefined
      ? { complete_by: toRfc3339(completeBy) }
      : {}),
    ...(status === 'completed' && connectionId !== undefined
      ? { connection_id: connectionId }
      : {}),
    ...(failure === undefined ? {} : { error: failure }),
  }
}
