import type { z } from 'zod'
import type { KeyPair } from '../signing/key-pair.ts'
import type { KnoxSettings, Program, SamsungAccountProgram, TwoLeggedProgram } from './config.ts'
import { readEntries } from './entries.ts'
import type { ConfigFiles } from './files.ts'
import { checkEntry, type EntryPlace } from './issues.ts'
import { isObject, type JsonFile } from './json-file.ts'
import type { Report } from './problems.ts'
import { DEFAULT_PRODUCTS, toProducts } from './products.ts'
import { type ProgramContext, samsungAccountProgram, twoLeggedProgram } from './program-schema.ts'
import type { ParseKeys, ReferenceContext } from './secret-fields.ts'
import { parseDuration } from './units.ts'

/** Kinds that the file format has room for and this version cannot serve. */
const LATER_KINDS = ['knox-oauth2']

const TWO_LEGGED_KINDS: readonly unknown[] = ['knox-msp', 'knox-customer']

/** What reading `programs.json` takes. */
export interface ProgramsContext extends ReferenceContext {
  readonly files: ConfigFiles
  readonly parseKeys: ParseKeys
  readonly report: Report
  readonly warn: (warning: string) => void
}

/** The programs that are right, and the ids of all, right or not. */
export interface LoadedPrograms {
  readonly programs: readonly Program[]
  /** `undefined` when the file could not be read, so that nothing is said about references to it. */
  readonly ids: ReadonlySet<string> | undefined
}

interface KeyUse {
  readonly field: string
  readonly region: unknown
  readonly keys: KeyPair
}

/** Reads `programs.json`; problems are reported. */
export function loadPrograms(file: JsonFile, context: ProgramsContext): LoadedPrograms {
  const { files, report, warn } = context
  const { source } = file
  const entries = readEntries(file, files, report)
  if (entries === undefined) return { programs: [], ids: undefined }
  const uses: KeyUse[] = []
  const programs = entries.flatMap(({ raw }, index) => {
    const kind = isObject(raw) ? raw.kind : undefined
    const later = LATER_KINDS.find((name) => name === kind)
    if (later !== undefined) {
      const rule = `kind ${later} is not supported by this version`
      report({ source, field: `[${index}].kind`, rule, example: 'samsung-account' })
      return []
    }
    const region = isObject(raw) ? raw.region : undefined
    const allowLegacyRsa = isObject(raw) && raw.allow_legacy_rsa === true
    const reading = {
      ...context,
      parseKeys: (json: string) => context.parseKeys(json, { allowLegacyRsa }),
      onKeys: (keys: KeyPair) => void uses.push({ field: `[${index}].keys`, region, keys }),
    }
    return readProgram(raw, kind, reading, { source, index }, report) ?? []
  })
  checkKeyUses(source, uses, context)
  if (entries.length === 0) warn(`${source}: no program: nobody can be connected`)
  return { programs, ids: new Set(entries.flatMap(({ id }) => id ?? [])) }
}

/** The rule that a key pair of another region breaks. */
export const OTHER_REGION = 'is the key pair of a program in another region'

/** One key pair for two regions lets whoever leaks in one region sign in the other. */
function checkKeyUses(source: string, uses: readonly KeyUse[], context: ProgramsContext): void {
  for (const [index, { field, region, keys }] of uses.entries()) {
    const shared = uses
      .slice(0, index)
      .some((other) => other.keys.thumbprint === keys.thumbprint && other.region !== region)
    if (shared && context.strict) context.report({ source, field, rule: OTHER_REGION })
    if (shared && !context.strict) context.warn(`${source} ${field}: ${OTHER_REGION}`)
    if (keys.modulusBits < 2048) {
      context.warn(`${source} ${field}: RSA of ${keys.modulusBits} bits: make a new keys.json`)
    }
  }
}

/** Reads one entry by the schema of its kind; one that names none is read as `samsung-account`. */
function readProgram(
  raw: unknown,
  kind: unknown,
  context: ProgramContext,
  place: EntryPlace,
  report: Report,
): Program | undefined {
  if (TWO_LEGGED_KINDS.includes(kind)) {
    const entry = checkEntry(twoLeggedProgram(context), raw, place, report)
    return entry === undefined ? undefined : toTwoLegged(entry)
  }
  const entry = checkEntry(samsungAccountProgram(context), raw, place, report)
  return entry === undefined ? undefined : toSamsungAccount(entry)
}

type Entry = z.output<ReturnType<typeof samsungAccountProgram>>
type TwoLeggedEntry = z.output<ReturnType<typeof twoLeggedProgram>>

const toTwoLegged = (entry: TwoLeggedEntry): TwoLeggedProgram => ({
  ...toCredentials(entry),
  kind: entry.kind,
  knox: toKnox(entry.knox),
})

function toSamsungAccount(entry: Entry): SamsungAccountProgram {
  const { samsung_account: account, knox } = entry
  return {
    ...toCredentials(entry),
    kind: entry.kind,
    samsungAccount: {
      authorizeUrl: account.authorize_url,
      tokenUrl: account.token_url,
      clientId: account.client_id,
      clientSecret: account.client_secret,
      responseType: account.response_type,
      ...(account.partner_id === undefined ? {} : { partnerId: account.partner_id }),
      authorizeParams: account.authorize_params,
      rotation: account.rotation,
      rotationGraceMs: parseDuration(account.rotation_grace) ?? 0,
      reuseRevokes: account.reuse_revokes,
    },
    knox: { ...toKnox(knox), idpTokenClaim: knox.idp_token_claim },
  }
}

const toCredentials = (entry: Entry | TwoLeggedEntry) => ({
  id: entry.id,
  region: entry.region,
  clientIdentifier: entry.client_identifier,
  ...(entry.next_client_identifier === undefined
    ? {}
    : { nextClientIdentifier: entry.next_client_identifier }),
  keys: entry.keys.keys,
  ...(entry.keys.path === undefined ? {} : { keysFile: entry.keys.path }),
  allowLegacyRsa: entry.allow_legacy_rsa,
  products: toProducts(entry.products ?? DEFAULT_PRODUCTS[entry.kind], entry.knox.base_url),
})

const toKnox = (knox: TwoLeggedEntry['knox']): KnoxSettings => ({
  baseUrl: new URL(knox.base_url).origin,
  accessTokenPath: knox.access_token_path,
  ...(knox.validity_minutes === undefined ? {} : { validityMinutes: knox.validity_minutes }),
  publicKeyFormat: knox.public_key_format,
  verifyPath: knox.verify_path,
  trustErrorCodes: knox.trust_error_codes,
})
