import type { z } from 'zod'
import { assertionKey, toAssertionKey } from './assertion-key-schema.ts'
import type { Portal } from './config.ts'
import { readEntries, repeated } from './entries.ts'
import { field, id, list, section, text, url } from './fields.ts'
import type { ConfigFiles } from './files.ts'
import { checkEntry } from './issues.ts'
import { isObject, type JsonFile } from './json-file.ts'
import type { Report } from './problems.ts'
import type { Resolve } from './references.ts'
import { isScope, SCOPES } from './scopes.ts'

/** What reading `portals.json` takes. */
export interface PortalsContext {
  readonly strict: boolean
  /** Ids in `programs.json`; `undefined` when that file could not be read. */
  readonly programIds: ReadonlySet<string> | undefined
  readonly files: ConfigFiles
  readonly resolve: Resolve
  readonly report: Report
  readonly warn: (warning: string) => void
}

/** Reads `portals.json`; problems are reported. */
export function loadPortals(file: JsonFile, context: PortalsContext): readonly Portal[] {
  const { files, report, warn } = context
  const { source } = file
  const entries = readEntries(file, files, report)
  if (entries === undefined) return []
  const schema = portalSchema(context)
  const portals = entries.flatMap(({ raw }, index) => {
    const entry = checkEntry(schema, raw, { source, index }, report)
    return entry === undefined ? [] : [toPortal(entry)]
  })
  const keys = entries.flatMap(({ raw }, index) => keyIds(raw, index))
  for (const position of repeated(keys.map((key) => key.id))) {
    const place = keys[position]?.field
    report({ source, ...(place && { field: place }), rule: 'must not be used twice' })
  }
  if (entries.length === 0) warn(`${source}: no portal: nobody can call /v1`)
  return portals
}

/** One entry of `portals.json`. */
export const portalSchema = ({
  strict,
  programIds,
  resolve,
}: Pick<PortalsContext, 'strict' | 'programIds' | 'resolve'>) =>
  section({
    id: id('acme-console'),
    name: text(/^[^\p{C}]{1,80}$/u, 'must be 1 to 80 printable characters', 'Acme Console'),
    return_urls: list(url(strict, 'https://console.acme.example/knox/return'), { most: 50 }),
    reconnect_url: url(strict, 'https://console.acme.example/knox/connect').optional(),
    programs: list(
      field(
        (value): value is string =>
          typeof value === 'string' && (programIds === undefined || programIds.has(value)),
        'must be the id of a program in config/programs.json',
        'emm-eu',
      ),
    ),
    api_keys: list(apiKey, { least: 0, most: 2 }),
    assertion_keys: list(assertionKey(resolve), { least: 0, most: 2 }).optional(),
  }).refine(
    ({ programs, assertion_keys: keys = [] }) =>
      keys.every((key) => (key.programs ?? []).every((program) => programs.includes(program))),
    { path: ['assertion_keys'], error: 'must be bound to programs of the portal only' },
  )

const apiKey = section({
  id: id('4t6hq2m7xk'),
  hash: text(
    /^[\w-]{43}$/,
    'must be the hash of an API key: 43 characters base64url',
    'entry.hash of npm run --silent knoxgate -- api-key create --portal acme-console',
  ),
  scopes: list(field(isScope, `must be one of ${SCOPES.join(', ')}`)),
})

/** The ids of a portal's keys of either sort, whatever else is wrong with it. */
const keyIds = (raw: unknown, index: number) =>
  ['api_keys', 'assertion_keys'].flatMap((name) => {
    const value = isObject(raw) ? raw[name] : undefined
    const keys: readonly unknown[] = Array.isArray(value) ? value : []
    return keys.flatMap((key, position) =>
      isObject(key) && typeof key.id === 'string'
        ? [{ id: key.id, field: `[${index}].${name}[${position}].id` }]
        : [],
    )
  })

type Entry = z.output<ReturnType<typeof portalSchema>>

const toPortal = (entry: Entry): Portal => ({
  id: entry.id,
  name: entry.name,
  returnUrls: entry.return_urls,
  ...(entry.reconnect_url === undefined ? {} : { reconnectUrl: entry.reconnect_url }),
  programs: entry.programs,
  apiKeys: entry.api_keys,
  ...(entry.assertion_keys === undefined
    ? {}
    : { assertionKeys: entry.assertion_keys.map(toAssertionKey) }),
})
