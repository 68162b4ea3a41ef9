import type { KeyInventory, KeyUse, UnreadableRecord } from '../vault/key-inventory.ts'
import type { RewrapResult } from '../vault/rewrap.ts'

/** What a command has to say, for a program and for a person. */
export interface Report {
  readonly json: object
  readonly text: string
}

/** Which key is needed by how many records. @param fits - Whether the ring opens what is stored. */
export function reportStatus(inventory: KeyInventory, fits: boolean): Report {
  const { keys, records, unreadable } = inventory
  const head = ['key', 'state', 'connections', 'sessions', 'others', 'safe to drop']
  const alien = fits ? '' : 'these keys are not those that the stored records were wrapped with\n'
  return {
    json: { ring_fits: fits, records, keys: keys.map(toWire), unreadable: listed(unreadable) },
    text: alien + table([head, ...keys.map(toRow)]) + named(unreadable),
  }
}

/** What cannot be opened. */
export const reportVerify = ({ records, unreadable }: KeyInventory): Report => ({
  json: { records, unreadable: listed(unreadable) },
  text: `${records} records, ${unreadable.length} of them cannot be opened\n${named(unreadable)}`,
})

/** What was done, and what is left to do. */
export function reportRewrap(result: RewrapResult, activeKid: string): Report {
  const { rewrapped, released, inventory } = result
  const { keys, outdated, unreadable } = inventory
  const needed = keys.filter((use) => !use.isActive && !use.isSafeToDrop)
  const lines = [
    `${rewrapped} connections wrapped with ${activeKid}, ${outdated.length} left`,
    ...released.map((kid) => `${kid}: no record needs it any more`),
    ...needed.map(({ kid, needs }) => `${kid}: still needed by ${inWords(needs)}`),
  ]
  return {
    json: { active: activeKid, rewrapped, released, outdated, unreadable: listed(unreadable) },
    text: lines.map((line) => `${line}\n`).join('') + named(unreadable),
  }
}

const toWire = ({ kid, isActive, isInRing, needs, isSafeToDrop }: KeyUse) => ({
  kid,
  active: isActive,
  in_ring: isInRing,
  connections: needs.connection,
  sessions: needs.session,
  others: needs.other,
  safe_to_drop: isSafeToDrop,
})

const listed = (unreadable: readonly UnreadableRecord[]) =>
  unreadable.map(({ id, fault }) => ({ id, ...fault }))

function toRow(use: KeyUse): readonly string[] {
  const { connection, session, other } = use.needs
  const counts = [connection, session, other].map(String)
  return [use.kid, stateOf(use), ...counts, use.isSafeToDrop ? 'yes' : 'no']
}

function stateOf({ isActive, isInRing }: KeyUse): string {
  if (isActive) return 'wraps'
  return isInRing ? 'opens' : 'missing'
}

const inWords = ({ connection, session, other }: KeyUse['needs']): string =>
  `${connection} connections, ${session} sessions, ${other} others`

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widthOf(column))).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}

const named = (unreadable: readonly UnreadableRecord[]): string =>
  unreadable.map(({ id, fault }) => `cannot be opened: ${id} (${why(fault)})\n`).join('')

const why = (fault: UnreadableRecord['fault']): string =>
  fault.reason === 'sealed_field' ? fault.fields.join(', ') : fault.reason
