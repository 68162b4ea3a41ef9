/** A JSON Schema as the OpenAPI document uses it: these words and no others. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly oneOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly description?: string
}

const KEYWORDS = new Set([
  ...['$ref', 'type', 'const', 'enum', 'oneOf', 'required', 'properties', 'additionalProperties'],
  ...['items', 'pattern', 'format', 'minLength', 'maxLength', 'minimum', 'maximum', 'default'],
  'description',
])

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

const hasType = (value: unknown, type: string): boolean =>
  typeOf(value) === type || (type === 'number' && typeof value === 'number')

/**
 * What of a value breaks a schema: one line per rule, with the place. Empty when it fits.
 *
 * @param root - The document that `$ref` points into.
 */
export function problemsOf(schema: Schema, value: unknown, root: object, at = ''): string[] {
  const unknown = Object.keys(schema).filter((word) => !KEYWORDS.has(word))
  if (unknown.length > 0) throw new Error(`unknown keyword ${unknown.join(', ')} at ${at}`)
  if (schema.$ref !== undefined) return problemsOf(resolve(schema.$ref, root), value, root, at)
  const broken = (word: string, ok: boolean) => (ok ? [] : [`${at || '/'} breaks ${word}`])
  const { oneOf, type } = schema
  return [
    ...broken('const', schema.const === undefined || value === schema.const),
    ...broken('enum', schema.enum?.includes(value) ?? true),
    ...broken('type', type === undefined || [type].flat().some((one) => hasType(value, one))),
    ...broken(
      'oneOf',
      oneOf === undefined ||
        oneOf.filter((one) => problemsOf(one, value, root, at).length === 0).length === 1,
    ),
    ...(typeof value === 'string' ? ofText(schema, value, broken) : []),
    ...(typeof value === 'number' ? ofNumber(schema, value, broken) : []),
    ...(Array.isArray(value) ? ofItems(schema, value, root, at) : []),
    ...(typeOf(value) === 'object' ? ofObject(schema, value as object, root, at) : []),
  ]
}

type Broken = (word: string, ok: boolean) => string[]

function ofText(schema: Schema, value: string, broken: Broken): string[] {
  const { pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
  const length = [...value].length
  return [
    ...broken('pattern', pattern === undefined || new RegExp(pattern, 'u').test(value)),
    ...broken('minLength', length >= minLength),
    ...broken('maxLength', length <= maxLength),
    ...broken('format', fits(schema.format, value)),
  ]
}

function fits(format: string | undefined, value: string): boolean {
  if (format === 'uri') return URL.canParse(value)
  return format !== 'date-time' || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)
}

const ofNumber = (schema: Schema, value: number, broken: Broken): string[] => [
  ...broken('minimum', value >= (schema.minimum ?? value)),
  ...broken('maximum', value <= (schema.maximum ?? value)),
]

const ofItems = ({ items }: Schema, value: readonly unknown[], root: object, at: string) =>
  items === undefined
    ? []
    : value.flatMap((one, index) => problemsOf(items, one, root, `${at}/${index}`))

function ofObject(schema: Schema, value: object, root: object, at: string): string[] {
  const { required = [], properties = {}, additionalProperties = true } = schema
  const missing = required.filter((name) => !Object.hasOwn(value, name))
  return [
    ...missing.map((name) => `${at}/${name} is missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
      if (known === false) return [`${at}/${name} is not known`]
      return typeof known === 'object' ? problemsOf(known, member, root, `${at}/${name}`) : []
    }),
  ]
}

/** Follows `#/components/schemas/…`. */
export function resolve(pointer: string, root: object): Schema {
  const found = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((node, part) => Reflect.get(Object(node), part), root)
  if (typeof found !== 'object' || found === null) throw new Error(`${pointer} leads nowhere`)
  return found
}
