import type { Readable } from 'node:stream'
import { reasonOf } from '../outbound/exchange.ts'
import { OutboundError } from '../outbound/outbound.ts'
import type { StreamResponse } from '../outbound/stream-outbound.ts'
import { headerOf, type RawHeaders } from './headers.ts'

/** So much of a refusal is read for its code. */
const CODE_BYTES = 65_536

/** An answer of Samsung of which the beginning may have been read. */
export interface Answer {
  readonly status: number
  readonly headers: RawHeaders
  readonly read: Uint8Array
  /** What follows; null when there is nothing more. */
  readonly rest: Readable | null
}

/** An answer of which nothing was read. */
export const unread = ({ status, headers, body }: StreamResponse): Answer => ({
  status,
  headers,
  read: NOTHING,
  rest: body,
})

const NOTHING = new Uint8Array()

/**
 * Reads the body of a refusal, as far as it may be read for its code.
 *
 * @throws OutboundError when the answer breaks off
 */
export async function readAhead({ status, headers, body }: StreamResponse): Promise<Answer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      const part: Buffer = chunk
      chunks.push(part)
      size += part.length
      if (size > CODE_BYTES) return { status, headers, read: Buffer.concat(chunks), rest: body }
    }
  } catch (error) {
    throw new OutboundError(error instanceof Error ? reasonOf(error) : 'unreachable', true)
  }
  return { status, headers, read: Buffer.concat(chunks), rest: null }
}

/** The text of an answer that was read to its end and is not encoded; null of any other. */
export function wholeText({ headers, read, rest }: Answer): string | null {
  const encoding = headerOf(headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  return rest === null && encoding === 'identity' ? new TextDecoder().decode(read) : null
}
