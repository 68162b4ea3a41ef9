/** An answer as it stood on the wire; the body as Latin-1. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export interface Parsed {
  readonly answers: readonly RawAnswer[]
  /** What follows the last whole answer. */
  readonly rest: string
}

/**
 * Splits what a server wrote into answers (RFC 9112 §6). Interim answers are left out.
 *
 * @param methods - Of the requests, in their order: an answer to HEAD has no body.
 * @param hasEnded - The connection is closed, so that an answer without a length is whole.
 * @throws RangeError for something that is no answer.
 */
export function parseAnswers(text: string, methods: readonly string[], hasEnded: boolean): Parsed {
  const answers: RawAnswer[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return { answers, rest }
    const head = readHead(rest.slice(0, end))
    const after = rest.slice(end + 4)
    if (head.status < 200) {
      rest = after
      continue
    }
    const hasBody = methods[answers.length] !== 'HEAD' && head.status !== 204 && head.status !== 304
    const body = hasBody ? readBody(head.headers, after, hasEnded) : { content: '', length: 0 }
    if (body === null) return { answers, rest }
    answers.push({ ...head, body: body.content })
    rest = after.slice(body.length)
  }
}

function readHead(text: string): Omit<RawAnswer, 'body'> {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1])
  if (Number.isNaN(status)) throw new RangeError(`no answer begins with ${statusLine.slice(0, 80)}`)
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  return { status, headers }
}

/** Null while it is not whole. */
function readBody(
  headers: ReadonlyMap<string, string>,
  text: string,
  hasEnded: boolean,
): { readonly content: string; readonly length: number } | null {
  const announced = headers.get('content-length')
  if (announced !== undefined) {
    const length = Number(announced)
    return text.length < length ? null : { content: text.slice(0, length), length }
  }
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(text)
  return hasEnded ? { content: text, length: text.length } : null
}

function readChunks(text: string): { readonly content: string; readonly length: number } | null {
  let content = ''
  let at = 0
  for (;;) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return null
    const size = Number.parseInt(text.slice(at, line), 16)
    const end = line + 2 + size + 2
    if (text.length < end) return null
    content += text.slice(line + 2, line + 2 + size)
    at = end
    if (size === 0) return { content, length: at }
  }
}
