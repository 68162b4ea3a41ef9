const MAX_MESSAGE_CHARACTERS = 200
/** Longest piece looked at, so that a huge body costs nothing. */
const MAX_INPUT_CHARACTERS = 4096
const MAX_CODES = 8

/** A JWT, whole or cut off: its first part begins with `{"` in base64url. */
const JWT = /eyJ[\w-]+(?:\.[\w-]*)*/g
/** A run long enough to be a key or token. */
const LONG_RUN = /[\w+/=.~-]{20,}/g

const isMixed = (text: string): boolean => /[a-z]/.test(text) && /[A-Z]/.test(text)

/** Names such as `ACCESS_TOKEN_EXPIRED` have no digit and one case; random text has both of both. */
const isOpaque = (run: string): boolean =>
  run.length < 32 ? /\d/.test(run) && isMixed(run) : /\d/.test(run) || isMixed(run)

/**
 * Makes another party's sentence safe to log and to hand on: printable, at most 200 characters, and
 * without anything that resembles a JWT, a key or a token.
 *
 * @returns `undefined` when nothing is left, or `value` is no text.
 */
export function readMessage(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value
    .slice(0, MAX_INPUT_CHARACTERS)
    .replace(JWT, '')
    .replace(LONG_RUN, (run) => (isOpaque(run) ? '' : run))
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_MESSAGE_CHARACTERS)
    .toWellFormed()
  return text === '' ? undefined : text
}

/** Codes and ids keep to one case when they are longer than this; tokens do not. */
const MAX_MIXED_CODE = 16

/**
 * Reads an error code or id: a number, or up to 40 letters, digits and `_ . : -`; no JWT, and
 * nothing that could be a token that was sent back in the wrong place.
 */
export function readCode(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || !/^(?!eyJ)[\w.:-]{1,40}$/.test(text)) return undefined
  return text.length > MAX_MIXED_CODE && isMixed(text) ? undefined : text
}

/** Reads codes that came as a number, a string or an array of them (protocol.md 3.6). */
export const readCodes = (value: unknown): readonly string[] =>
  [value]
    .flat()
    .slice(0, MAX_CODES)
    .flatMap((one) => readCode(one) ?? [])

/** Reads an object out of JSON text; `null` for anything else. Parser errors quote their input. */
export function readJsonObject(text: string): ReadonlyMap<string, unknown> | null {
  try {
    return asFields(JSON.parse(text))
  } catch {
    return null
  }
}

/** The own members of a JSON object, or `null`. */
export const asFields = (value: unknown): ReadonlyMap<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map<string, unknown>(Object.entries(value))
    : null
