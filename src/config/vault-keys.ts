import { Secret } from '../shared/secret.ts'
import type { Config } from './config.ts'
import { isOneByte, isPlaceholder } from './placeholder.ts'

const ENTRY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/

/**
 * Reads `kid:base64[,kid:base64]`: key-encryption keys of 32 bytes, the active one first.
 *
 * A `kid` has no dot, because dots separate the parts of a wrapped key. Keys come out in standard
 * base64 whichever alphabet they were written in (RFC 4648 §4 and §5).
 *
 * @returns `undefined` when an entry is malformed, a `kid` comes twice, or a key is a placeholder.
 */
export function parseVaultKeys(text: string, strict: boolean): Config['vaultKeys'] | undefined {
  const keys = new Map<string, Buffer>()
  for (const entry of text.split(',')) {
    const [, kid, encoded] = ENTRY.exec(entry.trim()) ?? []
    if (kid === undefined || encoded === undefined || keys.has(kid)) return undefined
    const key = Buffer.from(encoded, 'base64')
    if (key.length !== 32 || (strict && isTyped(encoded, key))) return undefined
    keys.set(kid, key)
  }
  return [...keys].map(([kid, key]) => ({ kid, key: new Secret(key.toString('base64')) }))
}

const isTyped = (encoded: string, key: Buffer): boolean =>
  isOneByte(key) || isPlaceholder(encoded) || isPlaceholder(key.toString('latin1'))
