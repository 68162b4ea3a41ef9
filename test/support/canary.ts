import { createTextSearch } from './text-search.ts'

/** A secret that was found where it must not be, and how it was written there. */
export interface Finding {
  readonly secret: string
  readonly encoding: string
  readonly place: string
}

/** Knows every secret of a run and looks for them, in every way they could be written. */
export interface Canary {
  /**
   * Makes a secret known. A text that is a JWT is looked for by its parts as well, because a part is
   * enough to recognise it by.
   *
   * @throws RangeError for less than 12 characters: they could be there by chance.
   */
  add(name: string, secret: string | Uint8Array): void
  readonly names: readonly string[]
  /** Everything known that the text holds, inside its JWTs too, except the secrets that may. */
  find(place: string, text: string | Buffer, allowed?: readonly string[]): readonly Finding[]
}

const MIN_BYTES = 12

/** Creates a canary that knows nothing yet. */
export function createCanary(): Canary {
  const search = createTextSearch<Omit<Finding, 'place'>>()
  const names = new Set<string>()
  const known = new Set<string>()

  function add(name: string, secret: string | Uint8Array): void {
    const bytes = Buffer.from(secret)
    if (bytes.length < MIN_BYTES) throw new RangeError(`${name} is too short to look for`)
    names.add(name)
    const id = `${name} ${bytes.toString('latin1')}`
    if (known.has(id)) return
    known.add(id)
    for (const [encoding, text] of encodingsOf(bytes)) search.add(text, { secret: name, encoding })
    if (typeof secret !== 'string') return
    const [, payload, signature] = JWT.exec(secret) ?? []
    for (const part of [payload, signature]) if (part !== undefined) add(name, part)
  }

  return {
    add,
    get names() {
      return [...names]
    },
    find(place, text, allowed = []) {
      const searched = withDecodedJwts(typeof text === 'string' ? text : text.toString('latin1'))
      return search
        .findIn(searched)
        .filter(({ secret }) => !allowed.includes(secret))
        .map((found) => ({ ...found, place }))
    },
  }
}

const JWT = /^eyJ[\w-]+\.([\w-]{12,})\.([\w-]{12,})$/
const JWTS = /eyJ[\w-]{8,}\.([\w-]+)(?:\.[\w-]*)?/g
/** A JWT in a JWT in a JWT: deeper than anything here. */
const MAX_DEPTH = 3

/** The text, followed by what its JWTs say, and what the JWTs in those say. */
function withDecodedJwts(text: string, depth = 0): string {
  if (depth === MAX_DEPTH) return text
  const inside = [...text.matchAll(JWTS)].map(([, payload = '']) =>
    withDecodedJwts(Buffer.from(payload, 'base64url').toString('latin1'), depth + 1),
  )
  return [text, ...inside].join('\n')
}

/** Every way in which bytes are looked for, by name; equal texts once. */
export function encodingsOf(bytes: Uint8Array): ReadonlyMap<string, string> {
  const raw = Buffer.from(bytes).toString('latin1')
  const hex = Buffer.from(bytes).toString('hex')
  const base64 = [0, 1, 2].map((shift) => [`base64+${shift}`, base64Of(bytes, shift)] as const)
  const all: readonly (readonly [string, string])[] = [
    ['raw', raw],
    ['json', JSON.stringify(raw).slice(1, -1)],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['percent', hex.replace(/../g, '%$&')],
    ['PERCENT', hex.toUpperCase().replace(/../g, '%$&')],
    ['url', encodeURIComponent(raw)],
    ...base64,
    ...base64.map(([name, text]) => [name.replace('64', '64url'), toBase64url(text)] as const),
    ...base64.map(([name, text]) => [`url of ${name}`, encodeURIComponent(text)] as const),
  ]
  const seen = new Set<string>()
  return new Map(all.filter(([, text]) => !seen.has(text) && seen.add(text)))
}

/**
 * What is left of the base64 of these bytes when `shift` unknown bytes stand before them and any
 * number after: only the characters that depend on nothing else.
 */
function base64Of(bytes: Uint8Array, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const head = [0, 2, 3][shift] ?? 0
  const isWhole = (shift + bytes.length) % 3 === 0
  return text.slice(head, isWhole ? undefined : -1)
}

const toBase64url = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')
