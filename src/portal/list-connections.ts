import { createHmac, type KeyObject } from 'node:crypto'
import type { Breaker } from '../breaker/breaker.ts'
import type { Portal } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import { isConnectionId, sameSecret } from '../shared/ids.ts'
import type { Clock } from '../shared/time.ts'
import type { Connections, Snapshot } from '../vault/connections.ts'
import { type Directory, placeOf } from '../vault/directory.ts'
import { type ConnectionStatus, statusOf } from '../vault/status.ts'

export interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly status?: ConnectionStatus | undefined
  readonly tenantRef?: string | undefined
  readonly program?: string | undefined
  /** The only programs that may be seen; all when absent. */
  readonly opened?: ReadonlySet<string> | undefined
}

export interface ConnectionPage {
  readonly connections: readonly Snapshot[]
  /** Where the next page begins; null at the end. */
  readonly nextCursor: string | null
}

export interface ListConnectionsDeps {
  readonly connections: Connections
  readonly directory: Directory
  readonly breaker: Pick<Breaker, 'alarm'>
  readonly cursorKey: KeyObject
  readonly clock: Clock
}

/** @throws ServiceError `invalid_request` for a cursor that is not ours */
export type ListConnections = (portal: Portal, query: ListQuery) => Promise<ConnectionPage>

/** One call looks at no more than this many connections; a rare status may need several pages. */
const MAX_SCANNED = 1000
const BATCH = 100

/** Creates the use case that lists a portal's connections in order of creation. */
export function createListConnections(deps: ListConnectionsDeps): ListConnections {
  const { connections, directory, breaker, cursorKey, clock } = deps

  const macOf = (portalId: string, id: string) =>
    createHmac('sha256', cursorKey).update(`${portalId}/${id}`).digest('base64url').slice(0, 22)

  const cursorOf = (portalId: string, id: string) => `${id}.${macOf(portalId, id)}`

  function readCursor(portalId: string, cursor: string | undefined): string | null {
    if (cursor === undefined) return null
    const [id = '', mac = ''] = cursor.split('.')
    if (isConnectionId(id) && sameSecret(cursor, `${id}.${macOf(portalId, id)}`) && mac !== '')
      return id
    const rule = 'must be a next_cursor of this list'
    throw new ServiceError('invalid_request', {
      detail: `cursor ${rule}`,
      errors: [{ field: 'cursor', rule }],
    })
  }

  /** One damaged record must not hide the others; the sweep reports it. */
  const readable = (id: string): Promise<Snapshot | null> =>
    connections.read(id).catch((error: unknown) => {
      if (error instanceof ServiceError && error.code === 'record_unreadable') return null
      throw error
    })

  const fits = (portal: Portal, query: ListQuery, { connection }: Snapshot): boolean => {
    const place = placeOf(connection)
    const alarm = breaker.alarm(place.programId)
    return (
      place.portalId === portal.id &&
      (query.program === undefined || query.program === place.programId) &&
      query.opened?.has(place.programId) !== false &&
      (query.tenantRef === undefined || query.tenantRef === place.tenantRef) &&
      (query.status === undefined || query.status === statusOf(connection, clock(), alarm).status)
    )
  }

  /** One customer has one connection per program: no need to look at everybody's. */
  async function findOfTenant(
    portal: Portal,
    query: ListQuery,
    tenantRef: string,
    after: string | null,
  ): Promise<ConnectionPage> {
    const programs = query.program === undefined ? portal.programs : [query.program]
    const places = programs.map((programId) => ({ portalId: portal.id, programId, tenantRef }))
    const ids = await Promise.all(places.map((place) => directory.find(place)))
    const later = ids.filter((id) => id !== null && (after === null || id > after)).sort()
    const read = await Promise.all(later.map((id) => readable(String(id))))
    const fitting = read.filter((found) => found !== null && fits(portal, query, found))
    const data = fitting.filter((found) => found !== null).slice(0, query.limit)
    const last = data.at(-1)?.connection.id
    const more = fitting.length > data.length && last !== undefined
    return { connections: data, nextCursor: more ? cursorOf(portal.id, last) : null }
  }

  return async function listConnections(portal, query) {
    let after = readCursor(portal.id, query.cursor)
    const { tenantRef } = query
    if (tenantRef !== undefined) return findOfTenant(portal, query, tenantRef, after)
    const found: Snapshot[] = []
    for (let scanned = 0; scanned < MAX_SCANNED; scanned += BATCH) {
      const ids = await directory.list(portal.id, after, BATCH)
      const read = await Promise.all(ids.map(readable))
      for (const [index, snapshot] of read.entries()) {
        after = ids[index] ?? after
        if (snapshot !== null && fits(portal, query, snapshot)) found.push(snapshot)
        if (found.length === query.limit) return page(found, after)
      }
      if (ids.length < BATCH) return { connections: found, nextCursor: null }
    }
    return page(found, after)

    async function page(data: Snapshot[], last: string | null): Promise<ConnectionPage> {
      const more = await directory.list(portal.id, last, 1)
      const nextCursor = last === null || more.length === 0 ? null : cursorOf(portal.id, last)
      return { connections: data, nextCursor }
    }
  }
}
