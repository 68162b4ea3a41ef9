import { isAbsolute, join } from 'node:path'
import type { ConfigFiles, Environment } from './files.ts'
import { variableOf, withoutTrailingNewline } from './files.ts'
import { isObject } from './json-file.ts'

/** Where a secret is kept, instead of the secret. */
export type Reference = { readonly env: string } | { readonly file: string }

/** What a reference stands for; `mode` are the permission bits when it is a file. */
export interface Resolved {
  readonly text: string
  readonly mode?: number
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
    const reading = files.read(isAbsolute(file) ? file : join(configDir, file))
    if (reading === 'missing') {
      return { rule: 'names a file that does not exist; a relative path starts at CONFIG_DIR' }
    }
    if (reading === 'unreadable') return { rule: 'names a file that cannot be read' }
    const text = withoutTrailingNewline(reading.text)
    return text === '' ? { rule: 'names an empty file' } : { text, mode: reading.mode }
  }
}

/** Only what is plainly a variable's name is shown: a secret put here by mistake is not. */
const variable = (name: string): string =>
  /^[A-Z][A-Z0-9]{0,15}(?:_[A-Z0-9]{1,15}){1,5}$/.test(name) ? name : 'an environment variable'
