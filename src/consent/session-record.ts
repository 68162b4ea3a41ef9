import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'

/*
 * The layout of a stored connect session. Times are ms since the epoch; hashes are SHA-256 of random
 * values, base64url; a "sealed" text opens only with this session's data key.
 */

const time = z.number().int().nonnegative()

const session = z.object({
  format: z.literal(1),
  type: z.literal('connect_session'),
  id: z.custom<`cs_${string}`>((value) => typeof value === 'string' && value.startsWith('cs_')),
  portalId: z.string(),
  program: z.string(),
  tenantRef: z.string(),
  tenantName: z.string().exactOptional(),
  returnUrl: z.string(),
  /** RFC 7636 §4.2, S256: proves that the one who completes is the one who started. */
  codeChallenge: z.string(),
  locale: z.string().exactOptional(),
  /** The connection this session renews; absent for a first connection. */
  reconnects: z.string().exactOptional(),
  allowAccountChange: z.boolean(),
  createdAt: time,
  /** Until then the customer has to be back from Samsung. */
  expiresAt: time,
  phase: z.enum(['pending', 'awaiting_completion', 'exchanging', 'completed', 'denied', 'failed']),
  /** Hash of the flow cookie of the one browser that may go on. */
  browser: z.string().exactOptional(),
  /** Hashes of the states given out and not yet used: one per tab, the newest few. */
  states: z.array(z.string()),
  /** The authorization code, sealed. Gone as soon as it is being exchanged. */
  code: z.string().exactOptional(),
  dataKey: z.string().exactOptional(),
  /** Hash of the one-time result code that went back through the browser. */
  resultCode: z.string().exactOptional(),
  completeBy: time.exactOptional(),
  /** The exchange that is running or has ended. */
  attempt: z.string().exactOptional(),
  /** After that a running exchange is given up. */
  until: time.exactOptional(),
  /** The connection that the exchange makes or renews. */
  connectionId: z
    .custom<`conn_${string}`>((value) => typeof value === 'string' && value.startsWith('conn_'))
    .exactOptional(),
  /** Why it was denied or failed: an error code, never Samsung's words. */
  failure: z.string().exactOptional(),
})

/** One attempt at consent, as it is stored. */
export type ConnectSession = Readonly<z.infer<typeof session>>

/** @throws ServiceError `record_unreadable` */
export function parseSession(text: string): ConnectSession {
  try {
    return session.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

const handover = z.object({
  format: z.literal(1),
  type: z.literal('callback'),
  taken: z.boolean(),
  dataKey: z.string(),
  /** The posted parameters, sealed. */
  parameters: z.string(),
})

/** A posted callback, kept until the browser comes back with its cookie. */
export type CallbackHandover = Readonly<z.infer<typeof handover>>

/** @throws ServiceError `record_unreadable` */
export function parseHandover(text: string): CallbackHandover {
  try {
    return handover.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}
