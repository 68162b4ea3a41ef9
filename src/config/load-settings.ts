import { type ConfigFiles, type Environment, variableOf } from './files.ts'
import { isObject, type JsonFile, printableName, readJson } from './json-file.ts'
import type { Report } from './problems.ts'
import type { SettingValue } from './setting-rules.ts'
import type { Settings } from './settings.ts'
import {
  SETTING_PATHS,
  SETTING_RULES,
  SETTINGS,
  type SettingPath,
  type SettingValues,
  settingVariable,
  toSettings,
} from './settings-spec.ts'

/** Where a setting is written down. */
interface Place {
  readonly source: string
  readonly field?: string
}

/** A setting and where it comes from; without `value` it was reported. */
interface Found extends Place {
  readonly value: SettingValue | undefined
}

type Layer = ReadonlyMap<SettingPath, Found>

/**
 * Reads limits and lifetimes: each layer overrides the ones before it, setting by setting.
 *
 * @param layers - `default.json` as packaged, then the one in `CONFIG_DIR`, which may be missing.
 * @returns `undefined` when a problem was reported.
 */
export function loadSettings(
  env: Environment,
  files: ConfigFiles,
  layers: { readonly packaged: JsonFile; readonly own: JsonFile },
  report: Report,
): Settings | undefined {
  const packaged = fileLayer(layers.packaged, files, report)
  const ownExists = files.read(layers.own.path) !== 'missing'
  const own = ownExists ? fileLayer(layers.own, files, report) : new Map()
  const found: Layer = new Map([
    ...(packaged ?? []),
    ...(own ?? []),
    ...environmentLayer(env, report),
  ])
  if (packaged === undefined || own === undefined) return undefined
  const { source } = layers.packaged
  const missing = SETTING_PATHS.filter((path) => !found.has(path))
  for (const path of missing) report({ source, field: path, rule: SETTINGS[path].rule })
  const values = new Map(
    [...found].flatMap(([path, { value }]) => (value === undefined ? [] : [[path, value]])),
  )
  checkRules(found, values, report)
  if (values.size < SETTING_PATHS.length) return undefined
  // There are as many entries as setting names, so none is missing; each was read by its own rule.
  return toSettings(Object.fromEntries(values) as unknown as SettingValues)
}

function fileLayer(file: JsonFile, files: ConfigFiles, report: Report): Layer | undefined {
  const found = new Map<SettingPath, Found>()
  const { source } = file
  const json = readJson(file, files, report)
  if (json === undefined) return undefined
  if (!isObject(json)) {
    report({ source, rule: 'must be a JSON object of sections' })
    return undefined
  }
  for (const [section, settings] of Object.entries(json)) {
    const known = SETTING_PATHS.some((path) => path.startsWith(`${section}.`))
    if (!known || !isObject(settings)) {
      const rule = known ? 'must be a JSON object of settings' : UNKNOWN
      report({ source, ...named([section]), rule })
      continue
    }
    for (const [name, raw] of Object.entries(settings)) {
      const field = `${section}.${name}`
      if (isSettingPath(field)) found.set(field, parse(field, raw, { source, field }, report))
      else report({ source, ...named([section, name]), rule: UNKNOWN })
    }
  }
  return found
}

function environmentLayer(env: Environment, report: Report): Layer {
  const found = new Map<SettingPath, Found>()
  for (const path of SETTING_PATHS) {
    const source = settingVariable(path)
    const raw = variableOf(env, source)
    if (raw !== undefined) found.set(path, parse(path, raw, { source }, report))
  }
  return found
}

function parse(path: SettingPath, raw: unknown, place: Place, report: Report): Found {
  const value = SETTINGS[path].parse(raw)
  if (value === undefined) report({ ...place, rule: SETTINGS[path].rule })
  return { ...place, value }
}

const UNKNOWN = 'is not a setting of this version; docs/configuration.md lists them'

/** The field, as far as names from outside may be shown. */
function named(names: readonly string[]): { readonly field?: string } {
  const shown = names.flatMap((name) => printableName(name) ?? [])
  return shown.length === 0 ? {} : { field: shown.join('.') }
}

function checkRules(
  found: Layer,
  values: ReadonlyMap<SettingPath, SettingValue>,
  report: Report,
): void {
  const numberOf = (path: SettingPath): number | undefined => {
    const value = values.get(path)
    return typeof value === 'number' ? value : undefined
  }
  for (const { path, others, rule, holds } of SETTING_RULES) {
    const place = found.get(path)
    const value = numberOf(path)
    const numbers = others.flatMap((other) => numberOf(other) ?? [])
    if (place === undefined || value === undefined || numbers.length < others.length) continue
    const { source, field } = place
    if (!holds(value, numbers)) report({ source, ...(field && { field }), rule })
  }
}

const isSettingPath = (name: string): name is SettingPath => Object.hasOwn(SETTINGS, name)
