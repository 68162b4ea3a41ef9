import { type AuditEntry, type AuditFields, FORMAT, hashOf } from './entry.ts'

/** The newest entry of a chain: who has it can prove that nothing before it was changed. */
export interface ChainHead {
  readonly processId: string
  readonly seq: number
  readonly hash: string
}

/** The entries of one process, each holding the hash of the one before. */
export interface Chain {
  /** Gives an entry its place. Whatever it returns must be written, and in this order. */
  append(fields: AuditFields): AuditEntry
  head(): ChainHead
}

/** Begins the chain of a process. @param process - An id that no other process ever has. */
export function createChain(processId: string): Chain {
  let head: ChainHead = { processId, seq: 0, hash: '' }

  return {
    append(fields) {
      const seq = head.seq + 1
      const placed = { ...fields, v: FORMAT, process: processId, seq, prev: head.hash }
      head = { processId, seq, hash: hashOf(placed) }
      return { ...placed, hash: head.hash }
    },
    head: () => head,
  }
}
