import type { Audit } from '../audit/audit.ts'
import type { Portal } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { tombstoneOf } from '../vault/connection-transitions.ts'
import type { Connections } from '../vault/connections.ts'
import { type Directory, placeOf } from '../vault/directory.ts'
import { currentBinding, hasConsent } from '../vault/record.ts'
import type { TokenSource } from '../vault/token-source.ts'

export interface Deleted {
  /** Whether Samsung was told. Samsung Account documents no way to tell it. */
  readonly upstreamRevoked: boolean
  /** What the customer can do about what remains at Samsung. */
  readonly customerMessage: string
}

/** Deletes a connection for good. @throws ServiceError `not_found` */
export type DeleteConnection = (portal: Portal, connectionId: string) => Promise<Deleted>

export interface DeleteConnectionDeps {
  readonly connections: Connections
  readonly directory: Directory
  readonly tokenSource: TokenSource
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
}

const WITHDRAW =
  'Remove the portal from your Samsung Account and from your Knox admin portal to withdraw the permission there as well.'
const END_MANAGEMENT =
  'Nothing was given up at Samsung: whoever holds the keys of the program can still act there, until that is ended in the Knox portal.'

/**
 * Creates the use case that deletes a connection: the tokens and their data key go at once, and a
 * tombstone keeps a late write from bringing them back.
 */
export function createDeleteConnection(deps: DeleteConnectionDeps): DeleteConnection {
  const { connections, directory, tokenSource, audit, log } = deps

  return async function deleteConnection(portal, connectionId) {
    const found = await connections.read(connectionId)
    if (found === null || found.connection.portalId !== portal.id)
      throw new ServiceError('not_found')
    const removed = await connections.remove(connectionId, tombstoneOf)
    tokenSource.forget(connectionId)
    if (!removed) throw new ServiceError('not_found')
    const { programId } = placeOf(found.connection)
    const isOfConsent = hasConsent(currentBinding(found.connection))
    audit.note({ event: 'connection_deleted', portalId: portal.id, programId, connectionId })
    await directory.remove(placeOf(found.connection), connectionId)
    log.info('connection_deleted', { portalId: portal.id, connectionId })
    return {
      upstreamRevoked: false,
      customerMessage: isOfConsent ? WITHDRAW : END_MANAGEMENT,
    }
  }
}
