import { assertNotFrozen, type FreezeCheck } from '../access/freezes.ts'
import type { Audit } from '../audit/audit.ts'
import type { Portal, Program, TwoLeggedProgram } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import { type ConnectionId, newConnectionId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'
import type { Connections, Snapshot } from '../vault/connections.ts'
import type { Directory, Place } from '../vault/directory.ts'
import type { Envelope } from '../vault/envelope.ts'
import { newProgramConnection } from '../vault/program-connection.ts'

/** What a portal wants connected. */
export interface NewConnectionWish {
  readonly program: string
  readonly tenantRef: string
  readonly tenantName?: string
  readonly managedTenantId?: string
}

export interface CreateConnectionDeps {
  readonly connections: Connections
  readonly directory: Directory
  readonly envelope: Pick<Envelope, 'create'>
  readonly programs: ReadonlyMap<string, Program>
  readonly freezes: FreezeCheck
  readonly clock: Clock
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
}

/** Connects a customer of a program at which nobody signs in. Asks nothing of Samsung. */
export type CreateConnection = (portal: Portal, wish: NewConnectionWish) => Promise<Snapshot>

const breaks = (field: string, rule: string) =>
  new ServiceError('invalid_request', { detail: `${field} ${rule}`, errors: [{ field, rule }] })

/**
 * Creates the use case that connects a customer without consent.
 *
 * It throws ServiceError `invalid_request` for a program that is not registered for the portal or whose
 * customers sign in, and for a `managed_tenant_id` that is missing or too much; `connection_exists` when
 * the portal has connected the customer already, `tenant_claimed` when another portal has;
 * `connection_frozen`, `store_*`.
 */
export function createCreateConnection(deps: CreateConnectionDeps): CreateConnection {
  const { connections, directory, envelope, programs, freezes, clock, audit, log } = deps

  return async function createConnection(portal, wish) {
    const { id: programId, kind } = readProgram(portal, wish)
    await assertNotFrozen(freezes, { portalId: portal.id, programId })
    const id = newConnectionId(clock())
    const { tenantRef, tenantName, managedTenantId } = wish
    const tenant = managedTenantId === undefined ? {} : { managedTenantId }
    await claim({ portalId: portal.id, programId, tenantRef, ...tenant }, id)
    const { wrapped } = await envelope.create(id)
    const name = tenantName === undefined ? {} : { tenantName }
    const about = { id, portalId: portal.id, tenantRef, ...name, ...tenant }
    await directory.add(portal.id, id)
    await connections.create(
      newProgramConnection({ ...about, program: programId, kind, dataKey: wrapped }, clock()),
    )
    log.info('connection_created', { portalId: portal.id, programId, connectionId: id })
    audit.note({ event: 'connection_created', portalId: portal.id, programId, connectionId: id })
    const stored = await connections.read(id)
    if (stored === null) throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
    return stored
  }

  function readProgram(portal: Portal, wish: NewConnectionWish): TwoLeggedProgram {
    const program = portal.programs.includes(wish.program) ? programs.get(wish.program) : undefined
    if (program === undefined)
      throw breaks('/program', 'must be the id of a program registered for this portal')
    if (program.kind === 'samsung-account')
      throw breaks(
        '/program',
        'must be a program at which nobody signs in; start a connect session',
      )
    const isProvider = program.kind === 'knox-msp'
    if (isProvider && wish.managedTenantId === undefined)
      throw breaks('/managed_tenant_id', 'is required for a program of kind knox-msp')
    if (!isProvider && wish.managedTenantId !== undefined)
      throw breaks('/managed_tenant_id', 'must be left out for a program of kind knox-customer')
    return program
  }

  /** Both at once or neither. What a crash leaves is free after a minute. */
  async function claim(place: Place, id: ConnectionId): Promise<void> {
    const same = await directory.claim(place, id)
    if (same !== null) throw new ServiceError('connection_exists', { connectionId: same })
    const holder = await directory.claimTenant(place, id)
    if (holder === null) return
    await directory.remove(place, id)
    const found = await connections.read(holder)
    const isOwn = found?.connection.portalId === place.portalId
    throw isOwn
      ? new ServiceError('connection_exists', { connectionId: holder })
      : new ServiceError('tenant_claimed')
  }
}
