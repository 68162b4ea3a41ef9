import type { EpochMs } from '../shared/time.ts'
import { UnexpectedReply } from './redis-errors.ts'
import type { ReadResult, StoredDocument, WriteOutcome } from './store.ts'

const asArray = (reply: unknown, length: number): readonly unknown[] => {
  if (!Array.isArray(reply) || reply.length !== length) throw new UnexpectedReply('not a list')
  return reply
}

const isDigits = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{1,16}$/.test(value)

/** `TIME`: seconds and microseconds, as text. */
function parseTime(seconds: unknown, microseconds: unknown): EpochMs {
  if (!isDigits(seconds) || !isDigits(microseconds)) throw new UnexpectedReply('no time')
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}

/** The newest of a document's write ids, which is its version. */
export function parseVersion(writes: unknown): string {
  const [newest] = typeof writes === 'string' ? writes.split(' ', 1) : []
  if (newest === undefined || newest === '') throw new UnexpectedReply('no write id')
  return newest
}

function parseDocument(revision: unknown, writes: unknown, text: unknown): StoredDocument | null {
  if (revision === null && writes === null && text === null) return null
  if (!isDigits(revision) || Number(revision) < 1) throw new UnexpectedReply('no revision')
  if (typeof text !== 'string') throw new UnexpectedReply('no text')
  return { revision: Number(revision), version: parseVersion(writes), text }
}

/**
 * Reads the answer of the `READ` script.
 *
 * @throws UnexpectedReply when it is not the answer of a document that the scripts wrote.
 */
export function parseRead(reply: unknown): ReadResult {
  const [revision, writes, text, seconds, microseconds] = asArray(reply, 5)
  return {
    document: parseDocument(revision, writes, text),
    serverNow: parseTime(seconds, microseconds),
  }
}

/** Reads the answer of the `COMPARE_AND_SET` script. */
export function parseWrite(reply: unknown): {
  readonly outcome: Exclude<WriteOutcome, 'ambiguous'>
  readonly serverNow: EpochMs
  /** Whether its connection has written something, so that a `WAIT` after it tells of this write. */
  readonly hasWritten: boolean
} {
  const [outcome, seconds, microseconds, hasWritten] = asArray(reply, 4)
  if (outcome !== 'won' && outcome !== 'already' && outcome !== 'lost') {
    throw new UnexpectedReply('no outcome')
  }
  return { outcome, serverNow: parseTime(seconds, microseconds), hasWritten: hasWritten === 1 }
}
