import { ServiceError } from '../shared/errors.ts'
import type { Envelope } from './envelope.ts'
import { type Connection, parseRecord } from './record.ts'
import { unreadableFields } from './sealed-fields.ts'
import { holderOf, kidOf, parseKeyedRecord } from './stored-keys.ts'

/**
 * Why a record cannot be opened.
 *
 * - `unknown_key`: the ring has no key of that name. It heals when the key is back.
 * - `wrong_key`: the ring has one, and it does not open the data key: another key, or a changed text.
 * - `damaged`: the record cannot be read as what it should be.
 * - `sealed_field`: its data key opens, and some of its sealed texts do not.
 */
export type RecordFault =
  | { readonly reason: 'unknown_key' | 'wrong_key' | 'damaged' }
  | { readonly reason: 'sealed_field'; readonly fields: readonly string[] }

/** Finds out whether records can be opened. Changes nothing and keeps nothing it has opened. */
export interface RecordCheck {
  /** Of a connection, every sealed text of it. @throws What the key ring throws when it has no answer. */
  connection(connection: Connection): Promise<RecordFault | null>
  /** Of any document, its data key; of a connection also that it is one with this id. */
  keyOf(id: string, text: string): Promise<RecordFault | null>
  /** The same, and of a connection every sealed text. */
  allOf(id: string, text: string): Promise<RecordFault | null>
}

/**
 * Creates the check.
 *
 * @param envelope - Its cache keeps what it has opened: one that hand-outs use would be emptied by this.
 * @param kids - Names of the keys in the ring.
 */
export function createRecordCheck(envelope: Envelope, kids: readonly string[]): RecordCheck {
  async function openKey(id: string, wrapped: string) {
    const kid = kidOf(wrapped)
    if (kid === null) return { reason: 'damaged' } as const
    if (!kids.includes(kid)) return { reason: 'unknown_key' } as const
    return (await unlessUnreadable(() => envelope.open(id, wrapped))) ?? WRONG_KEY
  }

  async function checkConnection(connection: Connection): Promise<RecordFault | null> {
    const opened = await openKey(connection.id, connection.dataKey)
    if ('reason' in opened) return opened
    const fields = unreadableFields(opened, connection)
    return fields.length === 0 ? null : { reason: 'sealed_field', fields }
  }

  async function checkKey(id: string, text: string): Promise<RecordFault | null> {
    const record = await unlessUnreadable(() => parseKeyedRecord(text))
    if (record === null || !(await isItself(id, text))) return DAMAGED
    if (record.dataKey === undefined) return null
    const opened = await openKey(id, record.dataKey)
    return 'reason' in opened ? opened : null
  }

  return {
    connection: checkConnection,
    keyOf: checkKey,

    async allOf(id, text) {
      const fault = await checkKey(id, text)
      if (fault !== null || holderOf(id) !== 'connection') return fault
      const record = parseRecord(text)
      return record.type === 'connection' ? checkConnection(record) : null
    },
  }
}

const WRONG_KEY = { reason: 'wrong_key' } as const
const DAMAGED = { reason: 'damaged' } as const

/** Only of connections it is known here what they must look like. */
async function isItself(id: string, text: string): Promise<boolean> {
  if (holderOf(id) !== 'connection') return true
  const record = await unlessUnreadable(() => parseRecord(text))
  return record?.id === id
}

async function unlessUnreadable<T>(work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'record_unreadable') return null
    throw error
  }
}
