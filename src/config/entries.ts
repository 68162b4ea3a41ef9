import type { ConfigFiles } from './files.ts'
import { isObject, type JsonFile, readJson } from './json-file.ts'
import type { Report } from './problems.ts'

/** An entry of a JSON array as it stands in the file, with its id if it has one. */
export interface RawEntry {
  readonly raw: unknown
  readonly id: string | undefined
}

/**
 * Reads a file that holds a JSON array of entries with an `id` each.
 *
 * @returns `undefined` when the file could not be read as an array; duplicate ids are reported and kept.
 */
export function readEntries(
  file: JsonFile,
  files: ConfigFiles,
  report: Report,
): readonly RawEntry[] | undefined {
  const json = readJson(file, files, report)
  if (json === undefined) return undefined
  if (!Array.isArray(json)) {
    report({ source: file.source, rule: 'must be a JSON array', example: '[ { "id": "…" } ]' })
    return undefined
  }
  const entries = json.map((raw: unknown) => ({ raw, id: idOf(raw) }))
  const ids = entries.map(({ id }) => id)
  for (const index of repeated(ids)) {
    report({ source: file.source, field: `[${index}].id`, rule: 'must not be used twice' })
  }
  return entries
}

/** Positions of values that stood earlier in the list already. */
export const repeated = (values: readonly (string | undefined)[]): readonly number[] =>
  values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index ? [index] : [],
  )

/** The `id` of an entry, whatever else is wrong with it. */
const idOf = (raw: unknown): string | undefined =>
  isObject(raw) && typeof raw.id === 'string' ? raw.id : undefined
