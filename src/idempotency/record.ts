import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'

const time = z.number().int().nonnegative()

const record = z.object({
  format: z.literal(1),
  type: z.literal('idempotent_answer'),
  /** Names portal, API key, route and idempotency key, and gives none of them away. */
  id: z.string(),
  /** Of the body that the key was first sent with; gives nothing of it away. */
  fingerprint: z.string(),
  /**
   * - `claimed`: one request is at work.
   * - `answered`: its answer is kept.
   * - `released`: it changed nothing, and the next one begins anew.
   */
  phase: z.enum(['claimed', 'answered', 'released']),
  /** Which request has, or had, the claim. */
  claim: z.string(),
  /** From then on the key is free again. */
  until: time,
  /** The answer, sealed with this document's own data key. */
  dataKey: z.string().exactOptional(),
  answer: z.string().exactOptional(),
})

/** One use of one idempotency key, as it is stored. */
export type IdempotencyRecord = Readonly<z.infer<typeof record>>

/** @throws ServiceError `record_unreadable` */
export function parseIdempotencyRecord(text: string): IdempotencyRecord {
  try {
    return record.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

const answer = z.object({
  status: z.number().int(),
  location: z.string().exactOptional(),
  body: z.string(),
})

/** An answer as it is sent, and as it is sent again. */
export type KeptAnswer = Readonly<z.infer<typeof answer>>

/** Reads an answer that was sealed. @throws ServiceError `record_unreadable` */
export function parseKeptAnswer(text: string): KeptAnswer {
  try {
    return answer.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}
