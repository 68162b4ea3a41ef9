import type { z } from 'zod'
import { isObject, printableName } from './json-file.ts'
import type { Report } from './problems.ts'

/** Where an entry stands: the file, and its index there. */
export interface EntryPlace {
  readonly source: string
  readonly index: number
}

/**
 * Checks one entry of a file against its schema; `undefined` when problems were reported.
 *
 * @param schema - Made of the fields of `fields.ts`, whose messages are rules.
 */
export function checkEntry<T extends z.ZodType>(
  schema: T,
  raw: unknown,
  { source, index }: EntryPlace,
  report: Report,
): z.output<T> | undefined {
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const place = fieldPath([index, ...issue.path])
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) report({ source, ...unknownField(place, key) })
      continue
    }
    const missing = issue.path.length > 0 && valueAt(raw, issue.path) === undefined
    const rule = missing ? `is required: ${issue.message}` : issue.message
    report({ source, field: place, rule, ...exampleOf(issue) })
  }
  return undefined
}

/** Writes a path as in JavaScript: `[0].api_keys[1].hash`. */
const fieldPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => text + (typeof part === 'number' ? `[${part}]` : `.${String(part)}`),
    '',
  )

function unknownField(place: string, key: string) {
  const name = printableName(key)
  return name === undefined
    ? { field: place, rule: 'holds a field that this version does not know' }
    : { field: `${place}.${name}`, rule: 'is not a field that this version knows' }
}

function exampleOf(issue: z.core.$ZodIssue): { readonly example?: string } {
  const example: unknown = issue.code === 'custom' ? issue.params?.example : undefined
  return typeof example === 'string' ? { example } : {}
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = raw
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part]
    else value = isObject(value) && Object.hasOwn(value, part) ? value[String(part)] : undefined
  }
  return value
}
