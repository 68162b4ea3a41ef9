/** A value of the Redis protocol, version 2. */
export type RespValue = string | number | null | RespError | readonly RespValue[]

/** What Redis answers a command that it refuses; the text begins with its word, such as `NOREPLICAS`. */
export interface RespError {
  readonly error: string
}

/** A value, and the bytes that it was. */
export interface RespFrame {
  readonly value: RespValue
  readonly bytes: Buffer
}

const CRLF = '\r\n'

/**
 * Creates a function that takes a stream of values in pieces, and gives those that are whole by then.
 *
 * @throws RangeError for what is not version 2 of the protocol.
 */
export function createRespSplitter(): (chunk: Buffer) => readonly RespFrame[] {
  let kept: Buffer = Buffer.alloc(0)
  return (chunk) => {
    kept = Buffer.concat([kept, chunk])
    const frames: RespFrame[] = []
    for (let parsed = parse(kept, 0); parsed !== null; parsed = parse(kept, 0)) {
      frames.push({ value: parsed.value, bytes: kept.subarray(0, parsed.end) })
      kept = kept.subarray(parsed.end)
    }
    return frames
  }
}

interface Parsed {
  readonly value: RespValue
  /** Where the next value begins. */
  readonly end: number
}

/** One value from there on, or null when it is not whole yet. */
function parse(bytes: Buffer, start: number): Parsed | null {
  const lineEnd = bytes.indexOf(CRLF, start)
  if (lineEnd === -1) return null
  const type = String.fromCharCode(bytes[start] ?? 0)
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const end = lineEnd + CRLF.length
  switch (type) {
    case '+':
      return { value: line, end }
    case '-':
      return { value: { error: line }, end }
    case ':':
      return { value: Number(line), end }
    case '$':
      return parseBulk(bytes, end, Number(line))
    case '*':
      return parseArray(bytes, end, Number(line))
    default:
      throw new RangeError(
        `a value of the Redis protocol cannot begin with ${JSON.stringify(type)}`,
      )
  }
}

function parseBulk(bytes: Buffer, start: number, length: number): Parsed | null {
  if (length < 0) return { value: null, end: start }
  const end = start + length + CRLF.length
  return bytes.length < end ? null : { value: bytes.toString('utf8', start, start + length), end }
}

function parseArray(bytes: Buffer, start: number, length: number): Parsed | null {
  if (length < 0) return { value: null, end: start }
  const values: RespValue[] = []
  let end = start
  while (values.length < length) {
    const parsed = parse(bytes, end)
    if (parsed === null) return null
    values.push(parsed.value)
    end = parsed.end
  }
  return { value: values, end }
}
