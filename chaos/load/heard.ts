/** What a caller heard back. */
export interface Heard {
  /** 0 when there was no answer. */
  readonly status: number
  /** `code` of a problem document, or what broke the connection; empty with 2xx. */
  readonly code: string
  /** Seconds; null when the answer does not say. */
  readonly retryAfter: number | null
  /** The answer's JSON, or null. */
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body, whose shape is what the caller checks
  readonly body: any
  /** From sending the request to the end of the answer. */
  readonly ms: number
}

/** What stands on the wire. */
export interface RawReply {
  readonly status: number
  /** The header, as it came. */
  readonly retryAfter: string | readonly string[] | null | undefined
  readonly text: string
}

/** Reads an answer. */
export function heard({ status, retryAfter, text }: RawReply, ms: number): Heard {
  const body = parse(text)
  const seconds = Number.parseInt(String(retryAfter ?? ''), 10)
  const wait = Number.isNaN(seconds) ? null : seconds
  return { status, code: String(body?.code ?? ''), retryAfter: wait, body, ms }
}

/** @param why - What broke the connection. */
export const unheard = (why: string, ms: number): Heard => ({
  status: 0,
  code: why,
  retryAfter: null,
  body: null,
  ms,
})

function parse(text: string) {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return null
  }
}
