import { setTimeout as sleep } from 'node:timers/promises'
import type { Response } from 'express'
import type { FaultAction } from '../control/faults.ts'
import type { Reply } from './exchange.ts'

/**
 * Sends an answer, spoilt as the fault says.
 *
 * @param reply - `null` when nothing was done and nothing may be answered.
 */
export async function deliver(
  res: Response,
  reply: Reply | null,
  fault: FaultAction | null,
): Promise<void> {
  if (reply === null || fault?.kind === 'reset_after_effect') {
    res.socket?.destroy()
  } else if (fault?.kind === 'half_body') {
    await sendHalf(res, reply)
  } else if (fault?.kind === 'drip') {
    await drip(res, reply, fault.ms)
  } else {
    send(res, fault?.kind === 'malformed' ? { ...reply, body: NEITHER_JSON_NOR_PAGE } : reply)
  }
}

/** The status that reaches the caller with a complete answer; `null` when none does. */
export function statusOnWire(reply: Reply | null, fault: FaultAction | null): number | null {
  if (fault?.kind === 'reset_after_effect' || fault?.kind === 'half_body') return null
  return reply?.status ?? null
}

const NEITHER_JSON_NOR_PAGE = '{"sandbox": "this is not what the content type says", '

function send(res: Response, reply: Reply): void {
  res.writeHead(reply.status, withLength(reply, Buffer.byteLength(reply.body)))
  res.end(reply.body)
}

/** Even an answer without a body gets one here, or there would be nothing to cut in half. */
async function sendHalf(res: Response, reply: Reply): Promise<void> {
  const body = Buffer.from(reply.body.length > 1 ? reply.body : '{}')
  res.writeHead(reply.status, withLength(reply, body.length))
  const half = body.subarray(0, Math.floor(body.length / 2))
  await new Promise<void>((resolve) => {
    res.write(half, () => resolve())
  })
  res.socket?.destroy()
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
