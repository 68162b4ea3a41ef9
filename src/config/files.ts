/** What came of reading a file: its text and permission bits, or why there is none. */
export type FileReading =
  | { readonly text: string; readonly mode: number }
  | 'missing'
  | 'unreadable'

/** The files of the configuration, so that `loadConfig` can be tested without a disk. Never throws. */
export interface ConfigFiles {
  read(path: string): FileReading
}

/** The variables of the process, or what stands for them. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Looks a variable up. An empty one counts as not set, as in a compose file without a value; and
 * `process.env` inherits functions, whose names somebody might ask for.
 */
export function variableOf(env: Environment, name: string): string | undefined {
  const text: unknown = env[name]
  return typeof text === 'string' && text !== '' ? text : undefined
}

/** Takes the line break off that editors and `echo` put behind a secret in a file. */
export const withoutTrailingNewline = (text: string): string => text.replace(/[\r\n]+$/, '')
