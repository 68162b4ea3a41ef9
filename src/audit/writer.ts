import type { Log } from '../shared/log.ts'
import { type Clock, sleep } from '../shared/time.ts'
import type { AuditState } from './audit.ts'
import { type Chain, type ChainHead, createChain } from './chain.ts'
import { type AuditEntry, type AuditFields, toFields } from './entry.ts'
import { AuditNotWritten, type AuditSink } from './sink.ts'

/** Puts entries into the chain of this process and writes them, in order, many at a time. */
export interface AuditWriter {
  /** Resolves when the entry stands. @throws AuditNotWritten; it is still tried then, unless there are too many. */
  write(fields: AuditFields): Promise<void>
  state(): AuditState
  /** The newest entry that stands. */
  head(): ChainHead
  /** Resolves when all is written, or the next attempt has failed. */
  end(): Promise<void>
}

export interface AuditWriterDeps {
  readonly sink: AuditSink
  readonly processId: string
  readonly clock: Clock
  readonly log: Log
}

interface Waiting extends Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'> {
  readonly fields: AuditFields
}

/** What goes in one call: a millisecond of hashing here, less of writing there. */
const BATCH = 200
/** About 30 MB. */
const MAX_WAITING = 50_000
/** What a failover may have undone is written again out of these. */
const MAX_REMEMBERED = 1000
/** Short: until it has succeeded, no token is made. */
const RETRY_MS = 100

/**
 * Creates the writer. What comes within one turn of the event loop, or while a batch is under way, goes
 * together. A batch that could not be written stays as it is and is written again, so that the chain has
 * no gap; what comes meanwhile waits, and whoever waits for it is told at once.
 */
export function createAuditWriter(deps: AuditWriterDeps): AuditWriter {
  const { sink, clock, log } = deps
  const chain: Chain = createChain(deps.processId)
  const queue: Waiting[] = []
  const remembered: AuditEntry[] = []
  let batch: readonly AuditEntry[] = []
  let callers: readonly Waiting[] = []
  let head = chain.head()
  let running: Promise<void> | null = null
  let failing = false
  let ending = false
  let lost = 0
  let untold = 0

  function write(fields: AuditFields): Promise<void> {
    if (queue.length >= MAX_WAITING) {
      lost += 1
      untold += 1
      return Promise.reject(new AuditNotWritten('too_many_waiting'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    queue.push({ fields, resolve, reject })
    running ??= writeAll().finally(() => {
      running = null
    })
    // Nobody has to wait for an attempt that will hardly be better than the last.
    if (failing) reject(new AuditNotWritten('failing'))
    return promise
  }

  async function writeAll(): Promise<void> {
    await new Promise(setImmediate)
    while (queue.length > 0 || batch.length > 0) {
      if (batch.length === 0) take()
      try {
        await append()
        succeeded()
      } catch (error) {
        failed(error)
        if (ending) return
        await sleep(RETRY_MS)
      }
    }
  }

  function take(): void {
    callers = queue.splice(0, BATCH)
    if (untold > 0) {
      const event = { event: 'audit_entries_lost', count: untold, actor: PROCESS } as const
      callers = [{ fields: toFields(event, clock()), resolve: noop, reject: noop }, ...callers]
      untold = 0
    }
    batch = callers.map(({ fields }) => chain.append(fields))
  }

  async function append(): Promise<void> {
    const appended = await sink.append(batch)
    if (appended === 'ok') return
    const again = remembered.filter(({ seq }) => seq > appended.newest)
    log.warn('audit_reasserted', { count: again.length })
    await sink.append([...again, ...batch], { afterGap: true })
  }

  function succeeded(): void {
    const { seq, hash } = batch.at(-1) ?? head
    head = { ...head, seq, hash }
    remembered.push(...batch)
    remembered.splice(0, Math.max(0, remembered.length - MAX_REMEMBERED))
    batch = []
    for (const { resolve } of callers) resolve()
    callers = []
    if (failing) log.info('audit_restored')
    failing = false
  }

  function failed(error: unknown): void {
    const reason = error instanceof AuditNotWritten ? error.reason : 'defect'
    if (!failing) log.error('audit_not_written', { reason })
    failing = true
    for (const { reject } of [...callers, ...queue]) reject(new AuditNotWritten(reason))
  }

  return {
    write,
    state: () => ({ failing, waiting: batch.length + queue.length, lost }),
    head: () => head,
    async end() {
      ending = true
      await running
    },
  }
}

const PROCESS = { kind: 'process' } as const

const noop = (): void => {}
