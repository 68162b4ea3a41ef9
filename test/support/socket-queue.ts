import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { eventually } from './eventually.ts'

const LISTED = '/proc/net/tcp'

/**
 * Resolves when whoever is at the other end of a loopback IPv4 socket has read all that was sent to it,
 * or is gone. What the other end does next, it does knowing it.
 *
 * Asks Linux for the length of the queue; where there is no such list, resolves at once.
 */
export async function readByPeer({ localPort, remotePort }: Socket): Promise<void> {
  const peer = `${endOf(remotePort)} ${endOf(localPort)}`
  const own = `${endOf(localPort)} ${endOf(remotePort)}`
  await eventually(async () => {
    const listed = await readFile(LISTED, 'latin1').catch(() => '')
    return isEmpty(listed, own, 'sending') && isEmpty(listed, peer, 'receiving')
  })
}

/** `127.0.0.1` and a port, as the kernel writes them. */
const endOf = (port = 0): string => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`

/** `local remote state sending:receiving`; a socket that is not listed has nothing in its queue. */
function isEmpty(listed: string, ends: string, queue: 'sending' | 'receiving'): boolean {
  const at = listed.indexOf(` ${ends} `)
  if (at === -1) return true
  const [, sending, receiving] = /^ \S+ \S+ \S+ (\S+):(\S+)/.exec(listed.slice(at)) ?? []
  return Number.parseInt((queue === 'sending' ? sending : receiving) ?? '0', 16) === 0
}
