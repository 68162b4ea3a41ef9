import { ServiceError } from '../shared/errors.ts'

/** Any stored document, as far as keys are concerned; what else it holds stays as it is. */
export interface KeyedRecord {
  readonly [member: string]: unknown
  /** The document's data key, wrapped. Absent: it has nothing sealed. */
  readonly dataKey?: string
}

/**
 * Reads a document of any sort and any version, and keeps every member, also those that this version does
 * not know.
 *
 * @throws ServiceError `record_unreadable`
 */
export function parseKeyedRecord(text: string): KeyedRecord {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable()
  if ('dataKey' in value && typeof value.dataKey !== 'string') throw unreadable()
  return value as KeyedRecord
}

/** The name of the key that a data key is wrapped with; null when it names none. */
export const kidOf = (wrapped: string): string | null =>
  /^v1\.([A-Za-z0-9_-]{1,64})\./.exec(wrapped)?.[1] ?? null

/** What has a data key. All but connections end by themselves. */
export type KeyHolder = 'connection' | 'session' | 'other'

const CONNECTION_PREFIX = 'conn_'
const SESSION_PREFIX = 'cs_'

/** Tells by its id what a document is. */
export function holderOf(id: string): KeyHolder {
  if (id.startsWith(CONNECTION_PREFIX)) return 'connection'
  return id.startsWith(SESSION_PREFIX) ? 'session' : 'other'
}

const unreadable = (): ServiceError => new ServiceError('record_unreadable')

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable()
  }
}
