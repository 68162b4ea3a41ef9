import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import type { Operation } from './breaker.ts'

/*
 * The layout of what replicas know together of a program. Times are ms since the epoch, by the store's
 * clock. A field may be added as optional, none may change its meaning.
 */

const time = z.number().int().nonnegative()

const upstream = z.object({
  service: z.enum(['samsung-account', 'knox']),
  status: z.number().int().exactOptional(),
  code: z.string().exactOptional(),
  message: z.string().exactOptional(),
})

const operation = z.object({
  /** Refusals of our credentials, one per connection, the newest last. */
  failures: z.array(z.object({ connectionId: z.string(), code: z.string(), at: time })),
  /**
   * Connections that were refused while another was accepted: it is they who are wrong, and for a while
   * they do not count.
   */
  contradicted: z.array(z.object({ connectionId: z.string(), at: time })),
  /** Present while attempts are held. */
  alarm: z
    .object({
      upstream,
      since: time,
      /** The process that raised it, which is the one to report it. */
      raisedBy: z.string(),
      /** When an attempt was last made to see whether it is over; at first, when it was raised. */
      probedAt: time,
    })
    .exactOptional(),
  /** The end of the last alarm, and the process that reports it. */
  ended: z.object({ at: time, endedBy: z.string() }).exactOptional(),
})

const program = z.object({
  format: z.literal(1),
  type: z.literal('program'),
  id: z.string().startsWith('prog_'),
  operations: z.object({
    refresh: operation.exactOptional(),
    exchange: operation.exactOptional(),
  }),
})

/** What is known of one use of a program's credentials. */
export type OperationState = Readonly<z.infer<typeof operation>>
export type StoredAlarm = NonNullable<OperationState['alarm']>
/** What replicas know together of one program. */
export type ProgramRecord = Readonly<z.infer<typeof program>>

/** The id under which a program's record is stored. */
export const programRecordId = (programId: string): string => `prog_${programId}`

/** A program of which nothing bad is known. */
export const newProgramRecord = (programId: string): ProgramRecord => ({
  format: 1,
  type: 'program',
  id: programRecordId(programId),
  operations: {},
})

/** Reads a stored record. @throws ServiceError `record_unreadable` */
export function parseProgramRecord(text: string): ProgramRecord {
  try {
    return program.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

const NOTHING: OperationState = { failures: [], contradicted: [] }

export const stateOf = ({ operations }: ProgramRecord, name: Operation): OperationState =>
  operations[name] ?? NOTHING

export const alarmIn = (record: ProgramRecord, name: Operation): StoredAlarm | undefined =>
  stateOf(record, name).alarm
