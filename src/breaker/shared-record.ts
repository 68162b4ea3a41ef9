import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { type Detached, detach } from '../shared/store-time.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { createDocuments, type DocumentSnapshot, type Updated } from '../vault/documents.ts'
import type { Store } from '../vault/store.ts'
import { OPERATIONS } from './breaker.ts'
import {
  alarmIn,
  newProgramRecord,
  type ProgramRecord,
  parseProgramRecord,
  programRecordId,
} from './breaker-record.ts'
import { applyEvent, type BreakerEvent, type BreakerPolicy } from './breaker-transitions.ts'

/** One program's record, which replicas share, and this process's copy of it. */
export interface SharedRecord {
  /** The copy. Nothing bad is known of a program before the store was asked. */
  known(): ProgramRecord
  /** What the store's clock shows now, as far as this process can tell. */
  storeNow(): EpochMs
  /** Asks the store, unless it was asked less than `maxAgeMs` ago. @returns false when it does not answer */
  freshen(maxAgeMs: number): Promise<boolean>
  /** Applies an event if, by what is known here, it changes anything. Never throws. */
  note(event: BreakerEvent): Promise<void>
  /**
   * Applies an event that only one process may bring about.
   *
   * @returns whether it was this one.
   * @throws ServiceError `store_unavailable`
   */
  claim(event: BreakerEvent): Promise<boolean>
}

export interface SharedRecordDeps {
  readonly programId: string
  readonly store: Store
  readonly policy: BreakerPolicy
  /** Told of every change that this process learns of, its own among them. */
  readonly onChange: (before: ProgramRecord, after: ProgramRecord) => void
  readonly clock: Clock
  readonly log: Log
}

interface Copy {
  readonly record: ProgramRecord
  readonly version: string | null
  /** The store's clock minus this process's, when the record was read. */
  readonly offsetMs: number
  /** When the store was last asked, by this process's clock. */
  readonly askedAt: EpochMs
}

/** Creates the record of one program over a store. */
export function createSharedRecord(deps: SharedRecordDeps): SharedRecord {
  const { programId, policy, onChange, clock, log } = deps
  const id = programRecordId(programId)
  const documents = createDocuments<ProgramRecord>({
    store: deps.store,
    parse: parseProgramRecord,
    idOf: (record) => record.id,
    lifetimeMs: () => undefined,
  })
  const nothing = { record: newProgramRecord(programId), version: null, offsetMs: 0 }
  let copy: Copy = { ...nothing, askedAt: Number.NEGATIVE_INFINITY }
  /** Counts questions and answers to writes: what was overtaken must not be believed. */
  let turns = 0
  let learntIn = 0
  let asking: Detached<boolean> | null = null
  let waiting: BreakerEvent[] = []
  let writing: Detached<void> = detach(async () => {})

  function learn(turn: number, next: Copy): void {
    if (turn < learntIn) return
    learntIn = turn
    const before = copy.record
    copy = next
    if (next.record !== before) onChange(before, next.record)
  }

  const copyOf = (
    { record, version, serverNow }: DocumentSnapshot<ProgramRecord>,
    askedAt: EpochMs,
  ): Copy => ({ record, version, offsetMs: serverNow - clock(), askedAt })

  /** The version tells whether anything is new; while held, what the store's clock shows is wanted too. */
  async function ask(): Promise<boolean> {
    turns += 1
    const [turn, askedAt, held] = [turns, clock(), copy]
    const isHeld = OPERATIONS.some((operation) => alarmIn(held.record, operation) !== undefined)
    if (!isHeld && (await documents.version(id)) === held.version) {
      learn(turn, { ...held, askedAt })
      return true
    }
    const found = await documents.read(id)
    learn(turn, found === null ? { ...nothing, askedAt } : copyOf(found, askedAt))
    return true
  }

  const updateExisting = (events: readonly BreakerEvent[]) =>
    documents.update(id, (record, now) => {
      const next = events.reduce((seen, event) => applyEvent(seen, event, now, policy), record)
      return next === record ? null : next
    })

  async function update(events: readonly BreakerEvent[]): Promise<Updated<ProgramRecord>> {
    let updated = await updateExisting(events)
    if (updated === null) {
      await documents.create(id, newProgramRecord(programId))
      updated = await updateExisting(events)
    }
    if (updated === null) throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
    turns += 1
    learn(turns, copyOf(updated.snapshot, clock()))
    return updated
  }

  /** What comes while one write is under way goes together with the next. */
  function write(event: BreakerEvent): Detached<void> {
    waiting.push(event)
    if (waiting.length > 1) return writing
    const before = writing.done
    writing = detach(async () => {
      await before
      const events = waiting
      waiting = []
      await update(events).catch((error: unknown) =>
        log.warn('breaker_not_stored', { programId, error }),
      )
    })
    return writing
  }

  const storeNow = () => clock() + copy.offsetMs

  return {
    known: () => copy.record,
    storeNow,

    async freshen(maxAgeMs) {
      if (clock() - copy.askedAt < maxAgeMs) return true
      asking ??= detach(() =>
        falseIfAway(ask()).finally(() => {
          asking = null
        }),
      )
      return falseIfAway(asking.join())
    },

    async note(event) {
      if (applyEvent(copy.record, event, storeNow(), policy) === copy.record) return
      // A caller that cannot wait any longer leaves; the write goes on.
      await write(event)
        .join()
        .catch(() => {})
    },

    claim: async (event) => (await update([event])).outcome === 'written',
  }
}

const falseIfAway = (work: Promise<boolean>): Promise<boolean> =>
  work.catch((error: unknown) => {
    if (error instanceof ServiceError) return false
    throw error
  })
