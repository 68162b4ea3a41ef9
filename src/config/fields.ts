import { z } from 'zod'
import { isUrl, urlRule } from './urls.ts'

/**
 * A value that one predicate accepts. When it does not, `rule` and `example` are told and nothing
 * else: zod's own words are not used, so that no message can hold a value.
 */
export const field = <T>(
  accepts: (value: unknown) => value is T,
  rule: string,
  example?: string,
): z.ZodCustom<T, T> => z.custom<T>(accepts, { error: rule, params: { example } })

/** Text that matches a pattern. */
export const text = (
  pattern: RegExp,
  rule: string,
  example?: string,
): z.ZodCustom<string, string> =>
  field((value): value is string => typeof value === 'string' && pattern.test(value), rule, example)

/** One of a few words. */
export const choice = <T extends string>(...words: readonly T[]): z.ZodCustom<T, T> =>
  field(
    (value): value is T => words.some((word) => word === value),
    `must be ${words.join(', ').replace(/, ([^,]*)$/, ' or $1')}`,
  )

/** An id that goes into URLs, store keys and logs. */
export const id = (example: string): z.ZodCustom<string, string> =>
  text(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and hyphen', example)

/** An absolute URL; see `isUrl`. */
export const url = (strict: boolean, example: string): z.ZodCustom<string, string> =>
  field((value): value is string => isUrl(value, strict), urlRule(strict), example)

/** `true` or `false`. */
export const flag = (): z.ZodCustom<boolean, boolean> =>
  field((value): value is boolean => typeof value === 'boolean', 'must be true or false')

/** An object of fields that are all named here. */
export const section = <T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> =>
  z.strictObject(shape, { error: 'must be a JSON object' })

/** A list of `least` to `most` values, none of them twice. */
export const list = <T extends z.ZodType>(
  item: T,
  { least = 1, most = 1000 }: { readonly least?: number; readonly most?: number } = {},
): z.ZodArray<T> => {
  const rule = `must be a JSON array of ${least} to ${most} items, none of them twice`
  return z.array(item, { error: rule }).refine(
    (items) => {
      const distinct = new Set(items.map((value) => JSON.stringify(value)))
      return items.length >= least && items.length <= most && distinct.size === items.length
    },
    { error: rule },
  )
}
