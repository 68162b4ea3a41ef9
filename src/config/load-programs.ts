import type { z } from 'zod'
import type { KeyPair } from '../signing/key-pair.ts'
import type { Program, SamsungAccountProgram } from './config.ts'
import { readEntries } from './entries.ts'
import type { ConfigFiles } from './files.ts'
import { checkEntry } from './issues.ts'
import { isObject, type JsonFile } from './json-file.ts'
import type { Report } from './problems.ts'
import { DEFAULT_PRODUCTS, toProducts } from './products.ts'
import { samsungAccountProgram } from './program-schema.ts'
import type { ParseKeys, ReferenceContext } from './secret-fields.ts'
import { parseDuration } from './units.ts'

/** Kinds that the file format has room for and this version cannot serve. */
const LATER_KINDS = ['knox-msp', 'knox-customer', 'knox-oauth2']

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
    const schema = samsungAccountProgram({
      ...context,
      parseKeys: (json) => context.parseKeys(json, { allowLegacyRsa }),
      onKeys: (keys) => uses.push({ field: `[${index}].keys`, region, keys }),
    })
    const entry = checkEntry(schema, raw, { source, index }, report)
    return entry === undefined ? [] : [toProgram(entry)]
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

type Entry = z.output<ReturnType<typeof samsungAccountProgram>>

function toProgram(entry: Entry): SamsungAccountProgram {
  const { samsung_account: account, knox } = entry
  return {
    id: entry.id,
    kind: entry.kind,
    region: entry.region,
    clientIdentifier: entry.client_identifier,
    ...(entry.next_client_identifier === undefined
      ? {}
      : { nextClientIdentifier: entry.next_client_identifier }),
    keys: entry.keys.keys,
    ...(entry.keys.path === undefined ? {} : { keysFile: entry.keys.path }),
    allowLegacyRsa: entry.allow_legacy_rsa,
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
    knox: {
      baseUrl: new URL(knox.base_url).origin,
      accessTokenPath: knox.access_token_path,
      idpTokenClaim: knox.idp_token_claim,
      ...(knox.validity_minutes === undefined ? {} : { validityMinutes: knox.validity_minutes }),
      publicKeyFormat: knox.public_key_format,
      verifyPath: knox.verify_path,
      trustErrorCodes: knox.trust_error_codes,
    },
    products: toProducts(entry.products ?? DEFAULT_PRODUCTS[entry.kind], knox.base_url),
  }
}
