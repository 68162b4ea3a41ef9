import type { AuditEntry } from './entry.ts'

/** Where the trail is kept. */
export interface AuditSink {
  /**
   * Adds entries of one process, which follow each other. Safe to repeat: what is there already is not
   * added again.
   *
   * @param options.afterGap - Add them also when entries of this process before them are missing.
   * @returns `ok`, or which entry is the newest that is there, when some are missing between it and
   *   these; then nothing was added.
   * @throws AuditNotWritten when it is not certain that they are there.
   */
  append(
    entries: readonly AuditEntry[],
    options?: { readonly afterGap?: boolean },
  ): Promise<Appended>
  /**
   * Reads in the order of writing, pages at a time.
   *
   * @throws ServiceError `store_unavailable`
   */
  read(range?: ReadRange): AsyncIterable<StoredEntry>
  close(): Promise<void>
}

export type Appended = 'ok' | { readonly newest: number }

/** By the store's clock, ms since the epoch, both ends included. */
export interface ReadRange {
  readonly since?: number
  readonly until?: number
}

export interface StoredEntry {
  /** Place in the stream: `<ms of the store's clock>-<number>`. */
  readonly id: string
  /** The entry as JSON, as it is stored: nobody has looked at it yet. */
  readonly text: string
}

/** Why entries could not be written: one word, safe to print. */
export class AuditNotWritten extends Error {
  override readonly name = 'AuditNotWritten'
  readonly reason: string

  constructor(reason: string) {
    super(`the audit trail was not written: ${reason}`)
    this.reason = reason
  }
}
