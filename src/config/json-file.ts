import type { ConfigFiles } from './files.ts'
import type { Report } from './problems.ts'

/** A JSON file of the configuration. */
export interface JsonFile {
  readonly path: string
  /** As the documentation calls it: `config/programs.json`. */
  readonly source: string
  /** What to do when the file is not there. */
  readonly example: string
}

/**
 * Reads and parses a file; `undefined` when a problem was reported.
 *
 * Of the parser's complaint only the position is kept, where it tells one: it quotes the text.
 */
export function readJson(file: JsonFile, files: ConfigFiles, report: Report): unknown {
  const { source, example } = file
  const reading = files.read(file.path)
  if (reading === 'missing') return report({ source, rule: 'does not exist', example })
  if (reading === 'unreadable') return report({ source, rule: 'cannot be read' })
  try {
    return JSON.parse(reading.text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const message = error instanceof SyntaxError ? error.message : ''
    const position = / \(line \d+ column \d+\)$/.exec(message)?.[0] ?? ''
    return report({ source, rule: `is not valid JSON${position}` })
  }
}

/** Tells a JSON object from an array, a scalar and null. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * A name from outside, if it can only be a name: letters, hyphens and underscores. A secret that
 * slipped into a place for names has digits, or is long.
 */
export const printableName = (name: string): string | undefined =>
  /^[A-Za-z_-]{1,40}$/.test(name) ? name : undefined
