import { field, list, section, text } from './fields.ts'
import { isOrigin, originRule } from './urls.ts'

/** One product behind the proxy: which paths are its, and where they are called. */
export interface Product {
  readonly name: string
  /** Whole segments: `/kcs/v1/kme` stands for itself and for everything below it. */
  readonly pathPrefixes: readonly string[]
  /** Origin, no trailing slash. */
  readonly baseUrl: string
}

/** A product as it stands in `programs.json`, or by default; the program's own origin when none is given. */
interface ProductEntry {
  readonly name: string
  readonly path_prefixes: readonly string[]
  readonly base_url?: string | undefined
}

/** What a signed Knox token opens (protocol.md 5.2 and 5.4). */
const SIGNED_TOKEN: readonly ProductEntry[] = [
  { name: 'kme', path_prefixes: ['/kcs/v1/kme', '/kcs/v2/kme'] },
  { name: 'knox-configure', path_prefixes: ['/kcs/v1/kc'] },
  { name: 'kdp', path_prefixes: ['/kcs/v1/rp'] },
  { name: 'knox-guard', path_prefixes: ['/kcs/v1.1/kg'] },
  { name: 'asset-intelligence', path_prefixes: ['/kai/v1'] },
]

/** The table of each kind, for programs that bring none. */
export const DEFAULT_PRODUCTS = {
  'samsung-account': SIGNED_TOKEN,
  'knox-msp': [...SIGNED_TOKEN, { name: 'msp', path_prefixes: ['/msp/v1'] }],
  'knox-customer': SIGNED_TOKEN,
} as const

const PREFIX_RULE =
  'must be a path such as /kcs/v1/kme: segments of A-Z, a-z, 0-9 and ._~-, none of them all dots, and not /ams'

/** Where tokens are made: nobody gets there by the proxy, whatever a table says. */
export const isTokenPath = (path: string): boolean => /^\/+ams(?:\/|$)/i.test(path)

const isPrefix = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= 256 &&
  /^(?:\/(?!\.+(?:\/|$))[\w.~-]+)+$/.test(value) &&
  !isTokenPath(value)

/** The field `products` of a program. */
export const products = (strict: boolean) =>
  list(
    section({
      name: text(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9 and hyphen', 'kme'),
      path_prefixes: list(field(isPrefix, PREFIX_RULE, '/kcs/v1/kme'), { most: 50 }),
      base_url: field(
        (value): value is string => isOrigin(value, strict),
        originRule(strict),
        'https://eu-kcs-api.samsungknox.com',
      ).optional(),
    }),
    { least: 0, most: 50 },
  ).refine((all) => !isSaidTwice(all), {
    error: 'must not name a product or a path prefix twice',
  })

/** Missing parts were reported before. */
const isSaidTwice = (all: readonly Partial<ProductEntry>[]): boolean => {
  const said = all.flatMap(({ name, path_prefixes = [] }) => [name, ...path_prefixes])
  return new Set(said).size < said.length
}

/** The table as the proxy reads it. @param baseUrl - Of the program. */
export const toProducts = (entries: readonly ProductEntry[], baseUrl: string): readonly Product[] =>
  entries.map(({ name, path_prefixes, base_url }) => ({
    name,
    pathPrefixes: path_prefixes,
    baseUrl: new URL(base_url ?? baseUrl).origin,
  }))
