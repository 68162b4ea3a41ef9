import type { KeyPair } from '../signing/key-pair.ts'
import type { Program } from './config.ts'
import type { ConfigFiles } from './files.ts'
import { OTHER_REGION } from './load-programs.ts'
import { readSecretFile } from './references.ts'
import { type ParseKeys, readKeyPair } from './secret-fields.ts'

/**
 * Reads the file of a program's key pair again, by the rules of the start.
 *
 * @param elsewhere - Thumbprints of the key pairs of programs in other regions.
 * @returns The pair, or the broken rule, which completes "keys …".
 */
export type ReadKeysAgain = (
  path: string,
  program: Pick<Program, 'allowLegacyRsa'>,
  elsewhere: readonly string[],
) => { readonly keys: KeyPair } | { readonly rule: string }

/** Creates the reader over the files that the configuration was read from. */
export const createKeysReader =
  (files: ConfigFiles, parseKeys: ParseKeys, strict: boolean): ReadKeysAgain =>
  (path, { allowLegacyRsa }, elsewhere) => {
    const found = readSecretFile(path, files)
    if ('rule' in found) return found
    const read = readKeyPair(found, strict, (text) => parseKeys(text, { allowLegacyRsa }))
    const isShared = 'keys' in read && elsewhere.includes(read.keys.thumbprint)
    return strict && isShared ? { rule: OTHER_REGION } : read
  }
