import type { StoreFacts } from './store.ts'

/**
 * The first release of each line with the fix of CVE-2025-49844, by which whoever may run scripts takes the
 * server over (release notes of October 2025). Newer lines were begun with it, the others never got it.
 */
const FIXED: ReadonlyMap<string, number> = new Map([
  ['6.2', 20],
  ['7.2', 11],
  ['7.4', 6],
  ['8.0', 4],
  ['8.2', 2],
])
const NEWEST_LINE = [8, 2] as const

/** Of an unanswered question nothing. */
type Named = Partial<Pick<StoreFacts, 'kind' | 'product' | 'version'>>

/**
 * What is known of a Redis by its version alone; null for nothing. No reason to refuse it: distributions mend
 * what they ship and leave the version as it was.
 */
export function advisoryOf({ kind, product, version }: Named): string | null {
  const [major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version ?? '')?.slice(1) ?? []
  if (kind !== 'redis' || product !== undefined || patch === undefined) return null
  const fixed = FIXED.get(`${major}.${minor}`)
  const line = [Number(major), Number(minor)] as const
  const isNewer =
    line[0] > NEWEST_LINE[0] || (line[0] === NEWEST_LINE[0] && line[1] > NEWEST_LINE[1])
  if (isNewer || (fixed !== undefined && Number(patch) >= fixed)) return null
  const releases = [...FIXED].map(([name, first]) => `${name}.${first}`).join(', ')
  return `redis ${version} has CVE-2025-49844, unless its package was mended: it was fixed in ${releases}`
}
