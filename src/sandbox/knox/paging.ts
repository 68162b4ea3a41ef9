import { KnoxRefusal } from './errors.ts'

/** A slice of a list: `pageNum` counts from 0 (protocol.md 5.1). */
export interface Page {
  readonly pageNum: number
  readonly pageSize: number
}

const DEFAULT_SIZE = 100
const MAX_SIZE = 1_000

/** Reads `pageNum` and `pageSize`. @throws KnoxRefusal RESOURCE_INVALID_PARAM */
export const readPage = (query: URLSearchParams): Page => ({
  pageNum: readNumber(query, 'pageNum', { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER }),
  pageSize: readNumber(query, 'pageSize', { fallback: DEFAULT_SIZE, min: 1, max: MAX_SIZE }),
})

/** Cuts a page out of a list; beyond its end a page is empty. */
export const cutPage = <T>(list: readonly T[], { pageNum, pageSize }: Page): readonly T[] =>
  list.slice(pageNum * pageSize, (pageNum + 1) * pageSize)

function readNumber(
  query: URLSearchParams,
  name: string,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const [text, ...more] = query.getAll(name)
  if (text === undefined) return fallback
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (more.length > 0 || !(value >= min && value <= max)) {
    throw new KnoxRefusal('RESOURCE_INVALID_PARAM', `${name} must be a whole number from ${min}`)
  }
  return value
}
