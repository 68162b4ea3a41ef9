import { assertNotFrozen, type FreezeCheck } from '../access/freezes.ts'
import type { Audit } from '../audit/audit.ts'
import type { Portal, Program } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import { newConnectSessionId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Connections } from '../vault/connections.ts'
import { type Directory, placeOf } from '../vault/directory.ts'
import { aboutSession } from './audited.ts'
import type { ConnectSession } from './session-record.ts'
import type { SessionClock, Sessions } from './sessions.ts'

export interface NewSession {
  readonly program: string
  readonly tenantRef: string
  readonly tenantName?: string
  readonly returnUrl: string
  readonly codeChallenge: string
  /** Reconnect: the connection that gets a new consent. */
  readonly connectionId?: string
  readonly allowAccountChange: boolean
  readonly locale?: string
}

export interface CreateSessionDeps {
  readonly sessions: Sessions
  /** Not this process's own: one that is off would let a session live longer than it may. */
  readonly sessionClock: SessionClock
  readonly connections: Connections
  readonly directory: Directory
  readonly programs: ReadonlyMap<string, Program>
  readonly freezes: FreezeCheck
  readonly settings: { readonly lifetimeMs: number }
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
}

export type CreateSession = (portal: Portal, wish: NewSession) => Promise<ConnectSession>

const breaks = (field: string, rule: string) =>
  new ServiceError('invalid_request', { detail: `${field} ${rule}`, errors: [{ field, rule }] })

/** Nobody signs in there. */
const NO_CONSENT =
  'must be a program whose customers sign in; this one is connected by POST /v1/connections'

/**
 * Creates the use case that begins a connect session.
 *
 * It throws ServiceError `invalid_request` for a program or return URL that is not registered for
 * the portal and for a program of a kind without consent, `not_found` for a foreign `connection_id`, `connection_exists` when the customer is
 * connected already and no `connection_id` is given, `connection_frozen`.
 */
export function createCreateSession(deps: CreateSessionDeps): CreateSession {
  const { sessions, sessionClock, connections, directory, programs, freezes } = deps
  const { settings, audit, log } = deps

  return async function createSession(portal, wish) {
    if (!portal.programs.includes(wish.program) || !programs.has(wish.program))
      throw breaks('/program', 'must be the id of a program registered for this portal')
    if (programs.get(wish.program)?.kind !== 'samsung-account') throw breaks('/program', NO_CONSENT)
    if (!portal.returnUrls.includes(wish.returnUrl))
      throw breaks('/return_url', 'must equal a registered return URL exactly')
    if (wish.connectionId === undefined) await assertNotConnected(portal, wish)
    else await assertOwn(portal, wish, wish.connectionId)
    await assertNotFrozen(freezes, {
      connectionId: wish.connectionId,
      portalId: portal.id,
      programId: wish.program,
    })

    const id = newConnectSessionId()
    const now = await sessionClock(id)
    const session: ConnectSession = {
      format: 1,
      type: 'connect_session',
      id,
      portalId: portal.id,
      program: wish.program,
      tenantRef: wish.tenantRef,
      ...(wish.tenantName === undefined ? {} : { tenantName: wish.tenantName }),
      returnUrl: wish.returnUrl,
      codeChallenge: wish.codeChallenge,
      ...(wish.locale === undefined ? {} : { locale: wish.locale }),
      ...(wish.connectionId === undefined ? {} : { reconnects: wish.connectionId }),
      allowAccountChange: wish.allowAccountChange,
      createdAt: now,
      expiresAt: now + settings.lifetimeMs,
      phase: 'pending',
      states: [],
    }
    await sessions.create(id, session)
    log.info('connect_session_created', { portalId: portal.id, programId: wish.program })
    audit.note({ event: 'session_created', ...aboutSession(session) })
    return session
  }

  async function assertNotConnected(portal: Portal, wish: NewSession): Promise<void> {
    const { program: programId, tenantRef } = wish
    const connectionId = await directory.find({ portalId: portal.id, programId, tenantRef })
    if (connectionId !== null) throw new ServiceError('connection_exists', { connectionId })
  }

  async function assertOwn(portal: Portal, wish: NewSession, id: string): Promise<void> {
    const snapshot = await connections.read(id)
    if (snapshot === null || snapshot.connection.portalId !== portal.id)
      throw new ServiceError('not_found')
    const place = placeOf(snapshot.connection)
    if (place.programId !== wish.program)
      throw breaks('/program', 'must be the program of the connection')
    if (place.tenantRef !== wish.tenantRef)
      throw breaks('/tenant_ref', 'must be the tenant_ref of the connection')
  }
}
