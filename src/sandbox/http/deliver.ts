import { setTimeout as sleep } from 'node:timers/promises'
import type { Response } from 'express'
import type { FaultAction } from '../control/faults.ts'
import type { Delivery } from '../record.ts'
import type { Reply } from './exchange.ts'

/** Waits before the first byte if the fault says so, and no longer than the caller does. */
export async function holdBack(res: Response, fault: FaultAction | null): Promise<void> {
  if (fault?.kind !== 'delay_after_effect' || res.destroyed) return
  const left = new Promise<void>((resolve) => {
    res.once('close', resolve)
  })
  await Promise.race([sleep(fault.ms, undefined, { ref: false }), left])
}

/**
 * Sends an answer, spoilt as the fault says, to a caller who is still there.
 *
 * @param reply - `null` when nothing was done and nothing may be answered.
 * @returns How it went, once all is sent or the connection is gone.
 */
export async function deliver(
  res: Response,
  reply: Reply | null,
  fault: FaultAction | null,
): Promise<Delivery> {
  if (res.destroyed) return 'caller_left'
  const end = endOf(res)
  if (reply === null || fault?.kind === 'reset_after_effect') return cut(res)
  if (fault?.kind === 'headers_only' || fault?.kind === 'half_body') {
    await sendPart(res, reply, fault.kind === 'half_body' ? 0.5 : 0)
    return cut(res)
  }
  if (fault?.kind === 'drip') await Promise.race([drip(res, reply, fault.ms), end])
  else send(res, fault?.kind === 'malformed' ? { ...reply, body: NEITHER_JSON_NOR_PAGE } : reply)
  const delivery = await end
  return delivery === 'delivered' && fault?.kind === 'malformed' ? 'spoilt' : delivery
}

/** The status that reaches the caller with a complete answer; `null` when none does. */
export function statusOnWire(reply: Reply | null, fault: FaultAction | null): number | null {
  if (fault !== null && CUTTING.has(fault.kind)) return null
  return reply?.status ?? null
}

const CUTTING: ReadonlySet<FaultAction['kind']> = new Set([
  'reset',
  'reset_after_effect',
  'headers_only',
  'half_body',
])

const NEITHER_JSON_NOR_PAGE = '{"sandbox": "this is not what the content type says", '

/** `finish` comes when the operating system has taken the last byte, `close` always and last. */
const endOf = (res: Response): Promise<Delivery> =>
  new Promise((resolve) => {
    res.once('finish', () => resolve('delivered'))
    res.once('close', () => resolve('caller_left'))
  })

function cut(res: Response): Delivery {
  if (res.destroyed) return 'caller_left'
  res.socket?.destroy()
  return 'cut'
}

function send(res: Response, reply: Reply): void {
  res.writeHead(reply.status, withLength(reply, Buffer.byteLength(reply.body)))
  res.end(reply.body)
}

/** Even an answer without a body gets one here, or there would be nothing to leave out. */
async function sendPart(res: Response, reply: Reply, share: number): Promise<void> {
  const body = Buffer.from(reply.body.length > 1 ? reply.body : '{}')
  res.writeHead(reply.status, withLength(reply, body.length))
  const part = body.subarray(0, Math.floor(body.length * share))
  await new Promise<void>((resolve) => {
    // The head goes out with the first piece of the body, be it empty.
    res.write(part, () => resolve())
  })
}

async function drip(res: Response, reply: Reply, ms: number): Promise<void> {
  const body = Buffer.from(reply.body)
  res.writeHead(reply.status, withLength(reply, body.length))
  res.flushHeaders()
  for (const byte of body) {
    await sleep(ms, undefined, { ref: false })
    if (res.destroyed) return
    res.write(Uint8Array.of(byte))
  }
  res.end()
}

const withLength = (reply: Reply, length: number): Record<string, string> => ({
  ...reply.headers,
  'Content-Length': String(length),
})
