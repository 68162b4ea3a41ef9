import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { spendStoreTime } from '../shared/store-time.ts'
import { type Clock, sleep } from '../shared/time.ts'
import type { Audit, AuditEvent, AuditState } from './audit.ts'
import type { ChainHead } from './chain.ts'
import { toFields } from './entry.ts'
import type { AuditSink } from './sink.ts'
import { createTally } from './tally.ts'
import { createAuditWriter } from './writer.ts'

/** The audit trail of one process. */
export interface Trail extends Audit {
  /**
   * Writes the start record, without which no chain begins, and from then on everything else.
   * Resolves when that was tried once.
   *
   * @param about - The version, and a fingerprint of the configuration, so that a change of it shows.
   */
  start(about: { readonly version: string; readonly config: string }): Promise<void>
  state(): AuditState
  /** Writes what was counted and an end record, for as long as two seconds, and closes the sink. */
  close(): Promise<void>
}

export interface TrailDeps {
  readonly sink: AuditSink
  /** Unique for ever. */
  readonly processId: string
  readonly settings: {
    /** Whether what must be recorded does not happen when it cannot be. */
    readonly required: boolean
    readonly handOutWindowMs: number
  }
  readonly clock: Clock
  readonly log: Log
}

const MAX_TALLIED = 50_000
const REFUSAL_WINDOW_MS = 60_000
/** How often the end of the chain is told to the log, which nobody can change together with the store. */
const CHECKPOINT_MS = 3_600_000
const CLOSE_MS = 2000

const unavailable = () => new ServiceError('audit_unavailable', { retryAfterSeconds: 1 })

/** Creates the trail of this process. */
export function createTrail(deps: TrailDeps): Trail {
  const { sink, settings, clock, log } = deps
  const writer = createAuditWriter(deps)
  const timers: NodeJS.Timeout[] = []
  let told = 0

  const note = (event: AuditEvent): void => void writer.write(toFields(event, clock())).catch(noop)
  const tallyDeps = { note, maxKeys: MAX_TALLIED, clock }
  const tallies = { hand_out: createTally(tallyDeps), refusal: createTally(tallyDeps) }

  function checkpoint(): void {
    const { processId, seq, hash }: ChainHead = writer.head()
    if (seq === told) return
    told = seq
    log.info('audit_checkpoint', { process: processId, sequence: seq, hash })
  }

  const every = (ms: number, work: () => void): void =>
    void timers.push(setInterval(work, ms).unref())

  return {
    note,

    async record(event) {
      const written = writer.write(toFields(event, clock()))
      // Also where nobody has time to wait for it.
      written.catch(noop)
      if (!settings.required) return
      await spendStoreTime(() => written).catch((error: unknown) => {
        throw error instanceof ServiceError ? error : unavailable()
      })
    },

    assertWritable() {
      if (settings.required && writer.state().failing) throw unavailable()
    },

    tally: (kind, key, make) => tallies[kind].add(key, make),

    async start({ version, config }) {
      const fields = toFields({ event: 'process_started' }, clock())
      await writer.write({ ...fields, version, config }).catch(noop)
      checkpoint()
      every(settings.handOutWindowMs, tallies.hand_out.flush)
      every(REFUSAL_WINDOW_MS, tallies.refusal.flush)
      every(CHECKPOINT_MS, checkpoint)
    },

    state: writer.state,

    async close() {
      for (const timer of timers) clearInterval(timer)
      tallies.hand_out.flush()
      tallies.refusal.flush()
      note({ event: 'process_stopped', actor: { kind: 'process' } })
      await Promise.race([writer.end(), sleep(CLOSE_MS)])
      const { waiting } = writer.state()
      if (waiting > 0) log.error('audit_entries_lost', { count: waiting })
      checkpoint()
      await sink.close()
    },
  }
}

const noop = (): void => {}
