import { readJsonObject } from '../outbound/foreign-text.ts'

/** The parameters that decide what a callback means. */
const DECIDING = ['code', 'state', 'error', 'close', 'closedAction', 'code_expires_in'] as const
type Deciding = (typeof DECIDING)[number]

/** The deciding parameters that are not empty, or the rule that is broken; never a value in it. */
export type CallbackFields =
  | { readonly fields: ReadonlyMap<Deciding, string> }
  | { readonly rule: string }

/** Longest `code` that is read as JSON: it holds an address and host names beside the code. */
const MAX_JSON_CHARACTERS = 16_384

/** Tokens never come through a browser: that would be the implicit flow (RFC 9700 §2.1.2). */
const TOKENS = ['access_token', 'refresh_token', 'id_token'] as const

/** Every parameter seen at a callback (protocol.md 2.3): each may be given once. */
const KNOWN = new Set<string>([
  ...DECIDING,
  'error_description',
  'error_uri',
  'scode',
  'iss',
  'auth_server_url',
  'api_server_url',
  'token_endpoint',
  'inputEmailID',
  ...TOKENS,
  'token_type',
])

/**
 * Collects what a callback says from its parameters and from JSON inside `code`.
 * Doubled, contradicting and token-bearing parameters break a rule.
 */
export function readCallbackFields(parameters: URLSearchParams): CallbackFields {
  const shape = shapeRule(parameters)
  if (shape !== null) return { rule: shape }
  const outer = new Map<string, unknown>([...parameters].filter(([name]) => KNOWN.has(name)))
  const inner = readCodeJson(parameters.get('code') ?? '')
  if (inner === null) return { rule: 'code must be plain or a JSON object' }
  if (inner === undefined) return merge([outer])
  outer.delete('code')
  return merge([outer, inner])
}

/** Arrays (`code[]`, `code[$ne]`) are refused too: some parsers would make two values of them. */
function shapeRule(parameters: URLSearchParams): string | null {
  for (const name of new Set(parameters.keys())) {
    const base = name.replace(/\[.*$/s, '')
    if (!KNOWN.has(base)) continue
    if (base !== name) return `${base} must not be an array`
    if (parameters.getAll(name).length > 1) return `${name} must be given once`
  }
  return null
}

/** `undefined` for a plain code, `null` for something that begins like JSON and is none. */
function readCodeJson(code: string): ReadonlyMap<string, unknown> | null | undefined {
  const text = /^\s*%7b/i.test(code) ? decode(code) : code
  if (!text.trimStart().startsWith('{')) return undefined
  return text.length > MAX_JSON_CHARACTERS ? null : readJsonObject(text)
}

/** A form field that was URL-encoded once more before it was sent. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function merge(sources: readonly ReadonlyMap<string, unknown>[]): CallbackFields {
  const token = TOKENS.find((name) => sources.some((source) => source.has(name)))
  if (token !== undefined) return { rule: `${token} must not be given` }
  const fields = new Map<Deciding, string>()
  for (const name of DECIDING) {
    const values = new Set(sources.map((source) => asText(source.get(name))))
    values.delete('')
    const [value] = values
    if (value === null) return { rule: `${name} must be text` }
    if (values.size > 1) return { rule: `${name} must not have two values` }
    if (value !== undefined) fields.set(name, value)
  }
  return { fields }
}

/** Absent and empty are the same; `null` for what is no scalar. */
function asText(value: unknown): string | null {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? null : String(value)
}
