import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { IncomingMessage } from 'node:http'

/** The last body that was sent to a path of a server in this process. */
export interface Tap {
  last(): string
  remove(): void
}

const CHANNEL = 'http.server.request.start'

/** Listens in on requests to `path`; whoever serves them is not touched, and does not notice. */
export function tapRequests(path: string): Tap {
  let last = ''
  const onStart = (message: unknown) => {
    const { request } = Object(message)
    if (!(request instanceof IncomingMessage) || request.url !== path) return
    last = ''
    const push = request.push.bind(request)
    request.push = (chunk, encoding) => {
      if (chunk !== null) last += String(chunk)
      return push(chunk, encoding)
    }
  }
  subscribe(CHANNEL, onStart)
  return { last: () => last, remove: () => void unsubscribe(CHANNEL, onStart) }
}
