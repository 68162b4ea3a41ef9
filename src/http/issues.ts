import type { z } from 'zod'
import type { FieldRule } from './field-error.ts'

type Issue = z.core.$ZodIssue

/** How a path is written: as a JSON pointer into a body, or as a parameter's name. */
export type NameField = (path: readonly PropertyKey[]) => string

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'an array',
  null: 'null',
}

/**
 * Says in our words which rules a value breaks.
 *
 * Zod's own messages are not used, because they may quote what came in. The exception is `custom`:
 * such messages are written in our schemas.
 */
export const describeIssues = (
  issues: readonly Issue[],
  input: unknown,
  nameField: NameField,
): readonly FieldRule[] => issues.flatMap((issue) => describeIssue(issue, input, nameField))

function describeIssue(issue: Issue, input: unknown, nameField: NameField): readonly FieldRule[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => [nameField([...issue.path, key]), 'is not known'])
  }
  const isMissing = issue.path.length > 0 && valueAt(input, issue.path) === undefined
  return [[nameField(issue.path), isMissing ? 'is required' : ruleOf(issue)]]
}

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case 'custom':
      return issue.message
    case 'invalid_type':
      return `must be ${EXPECTED[issue.expected] ?? 'of another type'}`
    case 'invalid_value':
      return `must be ${oneOf(issue.values.map(String))}`
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`
    default:
      return 'does not have the required form'
  }
}

const oneOf = (values: readonly string[]): string =>
  `${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' || origin === 'set' ? ' items' : ''
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}
