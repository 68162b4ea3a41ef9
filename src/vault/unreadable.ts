import type { Audit } from '../audit/audit.ts'
import { isConnectionId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'

/** Connections that this process has found it cannot open. They are left where they are. */
export interface UnreadableConnections {
  /** One was found, by its id; ids of anything else are passed over. Logged once per connection. */
  found(id: string): void
  /** One could be opened in full: it does not count any longer. */
  opened(id: string): void
  /** One is gone. */
  gone(id: string): void
  /** Those that are known now. */
  ids(): readonly string[]
  count(): number
}

/** With a wrong key all are unreadable: a log with so many names of them says what there is to say. */
const MAX_TOLD = 1000

/** Creates the list, which is empty: a process that starts with the right key again knows of none. */
export function createUnreadableConnections(
  log: Log,
  audit: Pick<Audit, 'note'>,
): UnreadableConnections {
  const unreadable = new Set<string>()
  const told = new Set<string>()

  return {
    found(id) {
      if (!isConnectionId(id)) return
      unreadable.add(id)
      if (told.has(id) || told.size === MAX_TOLD) return
      told.add(id)
      log.error('record_unreadable', { connectionId: id })
      audit.note({ event: 'record_quarantined', outcome: 'record_unreadable', connectionId: id })
    },
    opened(id) {
      if (unreadable.delete(id)) log.info('record_readable_again', { connectionId: id })
    },
    gone: (id) => void unreadable.delete(id),
    ids: () => [...unreadable],
    count: () => unreadable.size,
  }
}
