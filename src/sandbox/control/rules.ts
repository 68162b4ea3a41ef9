/** A control request that cannot be followed. The message names the field and the rule. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
}

/** What a field must be, in words and as a check. */
export interface Rule<T> {
  readonly expected: string
  readonly accepts: (value: unknown) => value is T
}

/** One rule per field of `T`. */
export type Rules<T> = { readonly [K in keyof T]-?: Rule<Exclude<T[K], undefined>> }

/** Makes a rule out of a check; `expected` ends the sentence "field must be …". */
export const rule = <T>(expected: string, check: (value: unknown) => boolean): Rule<T> => ({
  expected,
  accepts: (value): value is T => check(value),
})

/** One of the given texts. */
export const oneOf = <const T extends string>(...values: readonly T[]): Rule<T> =>
  rule<T>(`one of ${values.join(', ')}`, (value) => values.some((one) => one === value))

/** A whole number from `min` to `max`, both included. */
export const integer = (min: number, max: number): Rule<number> =>
  rule<number>(
    `a whole number from ${min} to ${max}`,
    (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  )

/** `true` or `false`. */
export const flag: Rule<boolean> = rule('true or false', (value) => typeof value === 'boolean')

/** Any text. */
export const text: Rule<string> = rule('a text', (value) => typeof value === 'string')

/** Tells whether a value is a JSON object. */
export const object = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Reads an object whose fields are all known and all good.
 *
 * @param where - Names the object in messages, e.g. `do`; empty for the request itself.
 * @throws ControlError for an unknown field or a value that breaks its rule.
 */
export function readFields<T>(value: unknown, where: string, rules: Rules<T>): Partial<T> {
  const name = where === '' ? 'the request' : where
  if (!object(value)) throw new ControlError(`${name} must be a JSON object`)
  for (const [field, given] of Object.entries(value)) {
    const path = where === '' ? field : `${where}.${field}`
    if (!hasRule(rules, field)) {
      const known = Object.keys(rules).join(', ')
      throw new ControlError(`${path} is not a known field; ${name} may have: ${known}`)
    }
    const { accepts, expected } = rules[field]
    if (!accepts(given)) throw new ControlError(`${path} must be ${expected}`)
  }
  // Holds because every field has a rule of `T` and was accepted by it.
  return value as Partial<T>
}

/** Like `readFields`, and every field but the optional ones must be there. @throws ControlError */
export function readAllFields<T>(
  value: unknown,
  where: string,
  rules: Rules<T>,
  optional: readonly (keyof T)[] = [],
): T {
  const fields = readFields(value, where, rules)
  for (const field of Object.keys(rules)) {
    if (hasRule(rules, field) && !optional.includes(field) && fields[field] === undefined) {
      throw new ControlError(`${where === '' ? field : `${where}.${field}`} is missing`)
    }
  }
  // Holds because no required field is missing.
  return fields as T
}

const hasRule = <T>(rules: Rules<T>, field: string): field is Extract<keyof T, string> =>
  Object.hasOwn(rules, field)
