import { isAbsolute, join } from 'node:path'
import type { ConfigFiles, Environment } from './files.ts'
import { variableOf, withoutTrailingNewline } from './files.ts'
import { isObject } from './json-file.ts'

/** Where a secret is kept, instead of the secret. */
export type Reference = { readonly env: string } | { readonly file: string }

/** What a reference stands for. */
export interface Resolved {
  readonly text: string
  /** When it is a file: where, and its permission bits. */
  readonly file?: { readonly path: string; readonly mode: number }
}

/** Looks a reference up; returns the broken rule instead when it leads nowhere. */
export type Resolve = (reference: Reference) => Resolved | { readonly rule: string }

/** Tells whether a value is `{"env": "NAME"}` or `{"file": "path"}`, and nothing besides. */
export function isReference(value: unknown): value is Reference {
  if (!isObject(value) || Object.keys(value).length !== 1) return false
  const text = value.env ?? value.file
  return typeof text === 'string' && text !== ''
}

/** Creates the look-up. Relative paths start at `configDir`. */
export function createResolve(env: Environment, files: ConfigFiles, configDir: string): Resolve {
  return (reference) => {
    if ('env' in reference) {
      const text = variableOf(env, reference.env)
      return text !== undefined
        ? { text }
        : { rule: `names ${variable(reference.env)}, which is not set` }
    }
    const { file } = reference
    return readSecretFile(isAbsolute(file) ? file : join(configDir, file), files)
  }
}

/** Reads the file that a reference leads to; returns the broken rule when that fails. */
export function readSecretFile(
  path: string,
  files: ConfigFiles,
): Resolved | { readonly rule: string } {
  const reading = files.read(path)
  if (reading === 'missing') {
    return { rule: 'names a file that does not exist; a relative path starts at CONFIG_DIR' }
  }
  if (reading === 'unreadable') return { rule: 'names a file that cannot be read' }
  const text = withoutTrailingNewline(reading.text)
  const { mode } = reading
  return text === '' ? { rule: 'names an empty file' } : { text, file: { path, mode } }
}

/** Only what is plainly a variable's name is shown: a secret put here by mistake is not. */
const variable = (name: string): string =>
  /^[A-Z][A-Z0-9]{0,15}(?:_[A-Z0-9]{1,15}){1,5}$/.test(name) ? name : 'an environment variable'
