import type { Exchange, FuzzBody, FuzzRequest } from './exchange.ts'

/** What the names in double braces stand for in this run. */
export type Values = ReadonlyMap<string, string>

/** The bytes of an exchange as one Latin-1 text, with every name filled in. */
export function toBytes({ requests, share }: Exchange, values: Values): string {
  const text = fillIn(requests.map(toText).join(''), values)
  return text.slice(0, Math.ceil(text.length * share))
}

/**
 * The same without secrets, for a report. Names stay as they are.
 */
export const describeExchange = (exchange: Exchange): string => {
  const text = exchange.requests.map(toText).join('')
  const how = `${exchange.listener}, ${exchange.ending}, ${exchange.share} of the bytes in ${exchange.pieces}`
  return `${how}: ${JSON.stringify(text.length > 1200 ? `${text.slice(0, 1200)}…` : text)}`
}

/** Bodies are filled in before they are measured. */
function fillIn(text: string, values: Values): string {
  return text.replace(/\{\{(\w+(?::\w+)?)\}\}/g, (whole, name: string) => values.get(name) ?? whole)
}

/** The request with the values in its body, so that its length is that of what is sent. */
export function settled(exchange: Exchange, values: Values): Exchange {
  const requests = exchange.requests.map((request) => {
    if (request.body === null) return request
    const own = ownIn(request.target)
    const named = request.body.content.replaceAll('{{token_id}}', `{{token_id:${own}}}`)
    return { ...request, body: { ...request.body, content: fillIn(named, values) } }
  })
  return { ...exchange, requests }
}

/** The number of the connection that a target names, by which its latest token is known. */
export const ownIn = (target: string): string | undefined => /\{\{own:(\d+)\}\}/.exec(target)?.[1]

function toText(request: FuzzRequest): string {
  const { method, target, version, headers, body } = request
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  const hasHost = headers.some(([name]) => name === 'Host')
  const host = hasHost ? [] : ['Host: knoxgate.test']
  const { announced, bytes } = framed(body)
  return `${[`${method} ${target} ${version}`, ...host, ...lines, ...announced].join('\r\n')}\r\n\r\n${bytes}`
}

const CHUNKED = 'Transfer-Encoding: chunked'

function framed(body: FuzzBody | null): {
  readonly announced: readonly string[]
  readonly bytes: string
} {
  if (body === null) return { announced: [], bytes: '' }
  const { content, framing } = body
  const { length } = content
  switch (framing) {
    case 'length':
      return { announced: [`Content-Length: ${length}`], bytes: content }
    case 'chunked':
      return { announced: [CHUNKED], bytes: chunks(content) }
    case 'short':
      return { announced: [`Content-Length: ${length >> 1}`], bytes: content }
    case 'long':
      return { announced: [`Content-Length: ${length + 7}`], bytes: content }
    case 'both':
      return { announced: [`Content-Length: ${length}`, CHUNKED], bytes: chunks(content) }
    case 'bad_chunk':
      return { announced: [CHUNKED], bytes: `-1;${content}\r\n0\r\n\r\n` }
    case 'unsaid':
      return { announced: [], bytes: content }
  }
}

/** Two chunks, the first with an extension, and a trailer. */
function chunks(content: string): string {
  const half = content.length >> 1
  const one = (text: string, extension = '') =>
    text === '' ? '' : `${text.length.toString(16)}${extension}\r\n${text}\r\n`
  return `${one(content.slice(0, half), ';a="b"')}${one(content.slice(half))}0\r\nX-Trailer: 1\r\n\r\n`
}
