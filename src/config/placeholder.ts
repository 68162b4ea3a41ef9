const SOMEWHERE = /change[-_ ]?me|replace[-_ ]?me|placeholder/i
const ENTIRELY = /^(?:(?:my[-_ ]?)?example|sample|dummy|todo|tbd|x{3,}|\.{3,}|…|<.*>|\$\{.*\})$/i

/**
 * Tells whether a secret was left as some documentation had it, or is one character over and over.
 *
 * Random text of 32 characters holds one of the words by chance less than once in 10^9 times.
 */
export function isPlaceholder(text: string): boolean {
  return SOMEWHERE.test(text) || ENTIRELY.test(text) || isOneCharacter(text)
}

/** Tells whether bytes are all the same, as in a key that was typed and not made. */
export const isOneByte = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === bytes[0])

const isOneCharacter = (text: string): boolean => text.length > 2 && new Set(text).size === 1
