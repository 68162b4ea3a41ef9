import type { ConfigFiles, Environment } from './files.ts'
import { variableOf, withoutTrailingNewline } from './files.ts'
import type { Report } from './problems.ts'

/** What one variable must be. */
export interface VariableRule<T> {
  readonly rule: string
  readonly example: string
  /** Taken when the variable is not set; without it the variable is required. */
  readonly fallback?: string
  /** Returns `undefined` when the text breaks the rule. */
  readonly parse: (text: string) => T | undefined
}

/** Reads a variable, or the file that `<name>_FILE` names; `undefined` when a problem was reported. */
export type ReadVariable = <T>(name: string, rule: VariableRule<T>) => T | undefined

/** Creates the reader. */
export function createVariableReader(
  env: Environment,
  files: ConfigFiles,
  report: Report,
): ReadVariable {
  return (name, { rule, example, fallback, parse }) => {
    const reading = readText(env, files, name)
    if (typeof reading === 'object') {
      report({ source: reading.source, rule: reading.rule, example: reading.example })
      return undefined
    }
    const text = reading ?? fallback
    const value = text === undefined ? undefined : parse(text)
    if (value === undefined) {
      report({ source: name, rule: text === undefined ? `is not set: ${rule}` : rule, example })
    }
    return value
  }
}

interface Unread {
  readonly source: string
  readonly rule: string
  readonly example: string
}

function readText(env: Environment, files: ConfigFiles, name: string): string | Unread | undefined {
  const fileName = `${name}_FILE`
  const text = variableOf(env, name)
  const path = variableOf(env, fileName)
  if (path === undefined) return text
  const unread = (rule: string): Unread => ({
    source: fileName,
    rule,
    example: `/run/secrets/${name.toLowerCase()}`,
  })
  if (text !== undefined) return unread(`must not be set together with ${name}`)
  const reading = files.read(path)
  if (reading === 'missing') return unread('names a file that does not exist')
  if (reading === 'unreadable') return unread('names a file that cannot be read')
  return withoutTrailingNewline(reading.text) || unread('names an empty file')
}
