import { startTcpFaultProxy, type TcpFaultProxy } from '../../test/support/tcp-fault-proxy.ts'
import type { Forward, Link, Tap } from '../../test/support/tcp-link.ts'
import type { Release } from './tripwire.ts'

/**
 * Where an exchange is.
 *
 * - `connected`: a socket is open, and nothing was passed on.
 * - `requested`: the whole request has come, and not a byte of it was passed on.
 * - `answering`: the whole answer has come, and not a byte of it was passed on.
 * - `head`, `half`: the client was sent so much of the answer.
 */
export type HttpMoment = 'connected' | 'requested' | 'answering' | 'head' | 'half'

export interface HttpVisit {
  readonly moment: HttpMoment
  /** Empty while there is no request. */
  readonly path: string
  readonly link: Link
}

/** A proxy that understands requests with bodies of known length, one after the other. */
export interface HttpFaultProxy extends TcpFaultProxy {
  readonly url: string
  /** Calls for every moment until it has an answer; what is under way on that way waits for it. */
  on(visit: (visit: HttpVisit) => Promise<Release> | undefined): void
  /** How many whole requests for a path have come. */
  requested(path: string): number
}

/** Opens a proxy on a free loopback port in front of an HTTP server. */
export async function startHttpFaultProxy(target: number): Promise<HttpFaultProxy> {
  let listener: (visit: HttpVisit) => Promise<Release> | undefined = () => undefined
  const paths: string[] = []
  const tap = (link: Link): Tap =>
    createHttpTap(link, (visit) => {
      if (visit.moment === 'requested') paths.push(visit.path)
      return listener(visit)
    })
  const proxy = await startTcpFaultProxy(target, { tap })
  return {
    ...proxy,
    url: `http://127.0.0.1:${proxy.port}`,
    on(visit) {
      listener = visit
    },
    requested: (path) => paths.filter((one) => one === path).length,
  }
}

function createHttpTap(link: Link, visit: (visit: HttpVisit) => Promise<Release> | undefined): Tap {
  let path = ''
  let request: Buffer = Buffer.alloc(0)
  let response: Buffer = Buffer.alloc(0)

  /** Whether to go on. */
  async function meet(moment: HttpMoment): Promise<boolean> {
    const release = await visit({ moment, path, link })
    if (release === 'cut') link.reset()
    return release !== 'cut'
  }
  const connected = meet('connected')

  async function onRequest(forward: Forward): Promise<void> {
    const message = readMessage(request)
    if (message === null) return
    ;[, path = ''] = /^\S+ ([^ ?]*)/.exec(message.head) ?? []
    const whole = request
    request = Buffer.alloc(0)
    if ((await connected) && (await meet('requested'))) await forward(whole)
  }

  async function onResponse(forward: Forward): Promise<void> {
    const message = readMessage(response)
    if (message === null) return
    const { bodyAt } = message
    const whole = response
    response = Buffer.alloc(0)
    const middle = bodyAt + Math.floor((whole.length - bodyAt) / 2)
    if (!(await meet('answering'))) return
    await forward(whole.subarray(0, bodyAt))
    if (!(await meet('head'))) return
    await forward(whole.subarray(bodyAt, middle))
    if (await meet('half')) await forward(whole.subarray(middle))
  }

  return async (way, chunk, forward) => {
    if (way === 'to_server') {
      request = Buffer.concat([request, chunk])
      await onRequest(forward)
    } else {
      response = Buffer.concat([response, chunk])
      await onResponse(forward)
    }
  }
}

const HEAD_END = '\r\n\r\n'

/** A message that is whole, or null. @throws RangeError for one whose body is not of known length */
function readMessage(bytes: Buffer): { readonly head: string; readonly bodyAt: number } | null {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return null
  const head = bytes.toString('latin1', 0, end)
  if (/^transfer-encoding:/im.test(head)) throw new RangeError('a body of unknown length')
  const bodyAt = end + HEAD_END.length
  const [, length = '0'] = /^content-length: *(\d+)/im.exec(head) ?? []
  return bytes.length < bodyAt + Number(length) ? null : { head, bodyAt }
}
