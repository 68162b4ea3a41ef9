import { parseCidr } from '../shared/ip.ts'

const MS_PER = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES_PER = { b: 1, kb: 1024, mb: 1_048_576 } as const

/** Reads a duration with its unit (`500ms`, `90s`, `10m`, `24h`, `30d`) as milliseconds. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(value) ?? []
  // The pattern admits no other unit.
  return count === undefined ? undefined : Number(count) * MS_PER[unit as keyof typeof MS_PER]
}

/** Reads a size (`16kb`, `1mb`, or whole bytes) as bytes; 1 kb is 1024 bytes. */
export function parseSize(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const [, count, unit = 'b'] = /^(\d{1,9})(b|kb|mb)?$/.exec(text) ?? []
  // The pattern admits no other unit.
  return count === undefined ? undefined : Number(count) * BYTES_PER[unit as keyof typeof BYTES_PER]
}

/** Reads a whole number that is not negative, given as a number or as text. */
export function parseCount(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** Reads `true` or `false`, given as it is or as text. */
export function parseFlag(value: unknown): boolean | undefined {
  if (value === true || value === 'true') return true
  return value === false || value === 'false' ? false : undefined
}

/** Reads names of a closed list, given as an array or as text with commas; `none` is an empty list. */
export function parseNames<T extends string>(
  value: unknown,
  known: readonly T[],
): readonly T[] | undefined {
  if (value === 'none') return []
  const given: unknown = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(given)) return undefined
  const found = known.filter((name) => given.includes(name))
  return found.length === given.length ? found : undefined
}

/** Reads networks, given as an array or as text with commas; `none` is an empty list, all addresses are refused. */
export function parseCidrs(value: unknown): readonly string[] | undefined {
  if (value === 'none') return []
  const given: unknown = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(given)) return undefined
  const texts: readonly unknown[] = given
  const isNetwork = (text: unknown): text is string =>
    typeof text === 'string' && (parseCidr(text)?.prefix ?? 0) > 0
  return texts.every(isNetwork) ? texts : undefined
}
