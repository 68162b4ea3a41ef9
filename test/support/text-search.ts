/** Looks for many texts at once. */
export interface TextSearch<Value> {
  /** @throws RangeError for less than 12 characters, by whose beginning it could not be looked for */
  add(text: string, value: Value): void
  /** The values of those that the text holds, each once, in the order they were added. */
  findIn(text: string): readonly Value[]
}

/** By so many first characters texts are told apart before they are compared. */
const HEAD = 12
const BASE = 16_777_619
/** What the first character of a head counts: `BASE` to the power of `HEAD - 1`. */
const LEADING = Array.from({ length: HEAD - 1 }).reduce<number>(
  (power) => Math.imul(power, BASE),
  1,
)
const FILTER_BITS = 20

interface Entry<Value> {
  readonly text: string
  readonly value: Value
  readonly at: number
}

/**
 * Creates a search that goes over a text once, however many texts it looks for: by the hash of twelve
 * characters, which moves along (Rabin and Karp).
 */
export function createTextSearch<Value>(): TextSearch<Value> {
  const byHash = new Map<number, Entry<Value>[]>()
  const filter = new Uint8Array(2 ** FILTER_BITS)
  let count = 0

  return {
    add(text, value) {
      if (text.length < HEAD) throw new RangeError('too short to look for')
      const hash = hashOf(text)
      filter[hash >>> (32 - FILTER_BITS)] = 1
      byHash.set(hash, [...(byHash.get(hash) ?? []), { text, value, at: count }])
      count += 1
    },

    findIn(text) {
      const found = new Set<Entry<Value>>()
      let hash = hashOf(text)
      for (let start = 0; start + HEAD <= text.length; start++) {
        if (filter[hash >>> (32 - FILTER_BITS)] === 1)
          for (const entry of byHash.get(hash) ?? [])
            if (text.startsWith(entry.text, start)) found.add(entry)
        const gone = Math.imul(text.charCodeAt(start), LEADING)
        hash = (Math.imul(hash - gone, BASE) + text.charCodeAt(start + HEAD)) >>> 0
      }
      return [...found].toSorted((a, b) => a.at - b.at).map(({ value }) => value)
    },
  }
}

/** Of the first twelve characters. */
function hashOf(text: string): number {
  let hash = 0
  for (let at = 0; at < HEAD; at++) hash = (Math.imul(hash, BASE) + text.charCodeAt(at)) >>> 0
  return hash
}
