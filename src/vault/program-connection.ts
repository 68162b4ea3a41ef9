import type { ConnectionId } from '../shared/ids.ts'
import type { EpochMs } from '../shared/time.ts'
import { FIRST_BINDING } from './connection-transitions.ts'
import type { Connection, ProgramBinding } from './record.ts'

export interface NewProgramConnection {
  readonly id: ConnectionId
  readonly portalId: string
  readonly tenantRef: string
  readonly tenantName?: string
  readonly managedTenantId?: string
  readonly program: string
  readonly kind: ProgramBinding['kind']
  /** Wrapped. Nothing is sealed with it yet: it is there for what may come. */
  readonly dataKey: string
}

/** A connection that stands on its program alone, as it is first stored. */
export const newProgramConnection = (
  { program, kind, managedTenantId, ...about }: NewProgramConnection,
  now: EpochMs,
): Connection => {
  const tenant = managedTenantId === undefined ? {} : { managedTenantId }
  return {
    format: 1,
    type: 'connection',
    ...about,
    createdAt: now,
    updatedAt: now,
    generation: 1,
    current: FIRST_BINDING,
    bindings: [{ id: FIRST_BINDING, program, kind, ...tenant }],
  }
}
