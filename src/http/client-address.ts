import type { IncomingMessage } from 'node:http'
import { createCidrList, readAddress } from '../shared/ip.ts'

/** The address a request came from, or null when that cannot be told. */
export type ClientAddress = (req: Pick<IncomingMessage, 'socket' | 'headers'>) => string | null

/**
 * Creates the reader of client addresses: the socket's, unless that is a proxy which is trusted. Of
 * `X-Forwarded-For` the newest part is believed that no trusted proxy wrote, because everything before
 * it is the client's own word.
 *
 * @param trustedProxies - Networks, as in `http.trusted_proxies`. Nobody is trusted when it is empty.
 * @throws RangeError for a text that is no network
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = createCidrList(trustedProxies)

  return ({ socket, headers }) => {
    let address = readAddress(socket.remoteAddress ?? '')
    if (trustedProxies.length === 0 || address === null || !isTrusted(address)) return address
    const forwarded = headers['x-forwarded-for']?.toString().split(',') ?? []
    for (const hop of forwarded.reverse()) {
      address = readAddress(hop.trim())
      // What a trusted proxy passes on and nobody can read is nobody's address.
      if (address === null || !isTrusted(address)) return address
    }
    return address
  }
}
