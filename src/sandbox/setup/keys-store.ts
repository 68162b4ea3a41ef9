import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeysFile, type KeysFile, registerKey } from '../keys.ts'

/**
 * Reads the key pair of the last start, or makes one that only its owner can read.
 *
 * @throws RangeError when the file is there and is not a `keys.json`.
 * @throws The system's error when the file cannot be read or written.
 */
export async function loadOrCreateKeys(path: string): Promise<KeysFile> {
  const text = await readIfThere(path)
  if (text !== null) {
    await chmod(path, 0o600)
    return parseKeysFile(text)
  }
  const keys = await generateKeysFile()
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  return keys
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function parseKeysFile(text: string): KeysFile {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null) throw notKeys()
  // Holds because it is an object, and nothing is said about its members.
  const { Public, Private, Identifier } = value as Partial<Record<keyof KeysFile, unknown>>
  if (![Public, Private, Identifier].every((part) => typeof part === 'string')) throw notKeys()
  const keys = { Public: String(Public), Private: String(Private), Identifier: String(Identifier) }
  registerKey(keys.Public)
  return keys
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notKeys()
  }
}

const notKeys = (): RangeError => new RangeError('keys.json must hold Public, Private, Identifier')
