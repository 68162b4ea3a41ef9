import { parseCidrs, parseCount, parseDuration, parseFlag, parseNames, parseSize } from './units.ts'

export type SettingValue = number | boolean | readonly string[]

/** How one setting is read; numbers are ms, bytes or items. */
export interface SettingRule<T extends SettingValue> {
  readonly rule: string
  readonly parse: (value: unknown) => T | undefined
}

/** A number above zero and not above `most`, which is written as in the file. */
function within(
  parse: (value: unknown) => number | undefined,
  kind: string,
  most: string | number,
  example: string,
): SettingRule<number> {
  const max = parse(most) ?? 0
  return {
    rule: `must be ${kind} above zero and at most ${most}, such as ${example}`,
    parse: (value) => {
      const number = parse(value)
      return number !== undefined && number > 0 && number <= max ? number : undefined
    },
  }
}

export const duration = (most: string): SettingRule<number> =>
  within(parseDuration, 'a duration with a unit (ms, s, m, h, d)', most, '"500ms" or "90s"')
export const size = (most: string): SettingRule<number> =>
  within(parseSize, 'a size in bytes or with a unit (b, kb, mb)', most, '"16kb"')
export const count = (most: number): SettingRule<number> =>
  within(parseCount, 'a whole number', most, '100')

/** A number of things of which there may be none. */
export const countFromZero = (most: number): SettingRule<number> => ({
  rule: `must be a whole number from 0 to ${most}`,
  parse: (value) => {
    const number = parseCount(value)
    return number !== undefined && number <= most ? number : undefined
  },
})

export const flag: SettingRule<boolean> = { rule: 'must be true or false', parse: parseFlag }

/** Some of a closed list of names. */
export const names = <T extends string>(known: readonly T[]): SettingRule<readonly T[]> => ({
  rule: `must be none, or a list of ${known.join(', ')}`,
  parse: (value) => parseNames(value, known),
})

/** Networks that are trusted; never all there are. */
export const cidrs: SettingRule<readonly string[]> = {
  rule: 'must be none, or a list of networks such as 10.0.0.0/8 or 2001:db8::/32: not all addresses, no IPv4-mapped ones',
  parse: parseCidrs,
}
