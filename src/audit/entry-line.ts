import { canonical, FORMAT, hashOf } from './entry.ts'

/** An entry as it was read, before anybody believes it. */
export interface Line {
  readonly processId: string
  readonly seq: number
  readonly prev: string
  readonly hash: string
  readonly time: string
  readonly event: unknown
  /** Whether it is, letter by letter, what was written: what JSON takes for the same, another reader may not. */
  readonly isAsWritten: boolean
}

/** A line of an export: the entry as it was written, with its place in the stream in front. */
export const exportLine = (id: string, text: string): string =>
  `{"id":${JSON.stringify(id)},${text.slice(1)}`

/** Reads a stored entry or a line of an export; null for what is neither. */
export function readLine(text: string): Line | null {
  const members = parseObject(text)
  if (members === null) return null
  const { id, ...entry } = members
  const { v, process: processId, seq, prev, hash, time, event } = entry
  const isPlaced = typeof processId === 'string' && typeof seq === 'number' && seq > 0
  const isChained = typeof prev === 'string' && typeof hash === 'string'
  if (v !== FORMAT || !isPlaced || !isChained || typeof time !== 'string') return null
  if (!Number.isSafeInteger(seq) || (id !== undefined && typeof id !== 'string')) return null
  const written = canonical(entry)
  const expected = id === undefined ? written : exportLine(id, written)
  const isAsWritten = text === expected && hash === hashOf(entry)
  return { processId, seq, prev, hash, time, event, isAsWritten }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}
