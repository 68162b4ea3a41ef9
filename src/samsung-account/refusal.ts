import { readCode, readJsonObject, readMessage } from '../outbound/foreign-text.ts'
import type { OutboundResponse } from '../outbound/outbound.ts'
import type { UpstreamDetail } from '../shared/errors.ts'

/** What a response without tokens says. */
export interface Refusal {
  /** RFC 6749 §5.2 `error`. */
  readonly error?: string
  /** Samsung's own code. */
  readonly code?: string
  readonly upstream: UpstreamDetail
}

const ERROR_FIELDS = ['error_code', 'errorCode', 'code', 'error'] as const
const MESSAGE_FIELDS = ['error_description', 'errorDescription', 'message'] as const
const SAMSUNG_CODE = /^(?:AUT|LIC)_\d{3,5}$/

/** Reads an error response, JSON or XML, whose shape Samsung documents nowhere (protocol.md 2.8). */
export function readRefusal({ status, body }: OutboundResponse): Refusal {
  const fields = readJsonObject(body) ?? readXml(body)
  const words = ERROR_FIELDS.flatMap((name) => readCode(fields.get(name)) ?? [])
  const code = words.find((word) => SAMSUNG_CODE.test(word))
  const error = readCode(fields.get('error'))
  const shown = code ?? error ?? words[0]
  const message = MESSAGE_FIELDS.flatMap((name) => readMessage(fields.get(name)) ?? [])[0]
  return {
    ...(error === undefined ? {} : { error }),
    ...(code === undefined ? {} : { code }),
    upstream: {
      service: 'samsung-account',
      status,
      ...(shown === undefined ? {} : { code: shown }),
      ...(message === undefined ? {} : { message }),
    },
  }
}

/** Finds a code in an XML body; a web page is no answer of the token endpoint. */
function readXml(body: string): ReadonlyMap<string, unknown> {
  const text = body.trimStart()
  if (!text.startsWith('<') || /^<(?:!doctype\s+html|html)\b/i.test(text)) return new Map()
  const code = /\b(?:AUT|LIC)_\d{3,5}\b/.exec(text)?.[0]
  return new Map<string, unknown>(code === undefined ? [] : [['code', code]])
}
