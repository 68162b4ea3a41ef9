import type { Environment } from './files.ts'
import { printableName } from './json-file.ts'
import type { Report } from './problems.ts'
import { SETTING_PATHS, settingVariable } from './settings-spec.ts'

/** Names that begin like a setting and are none; the last three are what callers use. */
const RESERVED: readonly string[] = [
  'KNOXGATE_MODE',
  'KNOXGATE_MODE_FILE',
  'KNOXGATE_URL',
  'KNOXGATE_API_KEY',
  'KNOXGATE_ADMIN_URL',
]

/** Reports variables that begin with `KNOXGATE_` and mean nothing: a typing error, or an old name. */
export function reportUnknownVariables(env: Environment, report: Report): void {
  const known = new Set([...RESERVED, ...SETTING_PATHS.map(settingVariable)])
  for (const name of Object.keys(env)) {
    if (!name.startsWith('KNOXGATE_') || known.has(name)) continue
    const source = printableName(name) ?? 'KNOXGATE_…'
    report({ source, rule: 'is not a variable that this version knows; see docs/configuration.md' })
  }
}
