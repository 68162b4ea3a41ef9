import type { Scope } from '../config/config.ts'
import { isScope, SCOPES } from '../config/scopes.ts'
import { parseDuration } from '../config/units.ts'
import { UsageError } from './io.ts'

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/

/** The id of a portal, a program or a key. @throws UsageError */
export function checkId(option: string, id: string): string {
  if (!ID.test(id)) throw new UsageError(`${option} must be 1 to 63 of a-z, 0-9 and hyphen`)
  return id
}

/** Names separated by commas, each once. */
export const readList = (text: string): readonly string[] => [
  ...new Set(text.split(',').map((name) => name.trim())),
]

/** Scopes separated by commas. @throws UsageError */
export function readScopes(text: string): readonly Scope[] {
  const names = readList(text)
  const scopes = names.filter(isScope)
  if (scopes.length === names.length) return scopes
  throw new UsageError(`--scopes must be a list of ${SCOPES.join(', ')}`)
}

/** A duration such as `24h` in whole seconds. @throws UsageError */
export function readSeconds(option: string, text: string): number {
  const ms = text === '0' ? 0 : parseDuration(text)
  if (ms === undefined || ms % 1000 !== 0)
    throw new UsageError(`${option} must be a duration in whole seconds, such as 90s, 24h or 30d`)
  return ms / 1000
}
