import { z } from 'zod'
import { Secret } from '../shared/secret.ts'
import type { KeyPair } from '../signing/key-pair.ts'
import { field } from './fields.ts'
import { isPlaceholder } from './placeholder.ts'
import { isReference, type Reference, type Resolve, type Resolved } from './references.ts'

/** What it takes to read a field that may be kept elsewhere. */
export interface ReferenceContext {
  readonly strict: boolean
  readonly resolve: Resolve
}

/** Parses the text of a `keys.json`; returns the broken rule when that fails. */
export type ParseKeys = (
  text: string,
  options: { readonly allowLegacyRsa: boolean },
) => { readonly keys: KeyPair } | { readonly rule: string }

type Outcome<T> = { readonly value: T } | { readonly rule: string }

const FORM = '{ "env": "NAME" } or { "file": "path" }'

/** A secret, given by reference only. */
export const secret = (context: ReferenceContext) =>
  field(isReference, 'must be a reference, never the secret itself', FORM).transform(
    (reference, ctx) => follow(reference, context, ctx, ({ text }) => asSecret(text, context)),
  )

/** Text that is no secret: written as it is, or given by reference. */
export const plainOrReference = (context: ReferenceContext) =>
  field(
    (value): value is string | Reference =>
      isReference(value) || (typeof value === 'string' && /^\S{1,256}$/.test(value)),
    'must be text without spaces, or a reference',
    FORM,
  ).transform((value, ctx) =>
    typeof value === 'string'
      ? value
      : follow(value, context, ctx, ({ text }) => ({ value: text })),
  )

/** The key pair of a `keys.json`, given by reference only, and the path of its file. */
export const keyPair = (
  context: ReferenceContext,
  parse: (text: string) => ReturnType<ParseKeys>,
) =>
  field(
    isReference,
    'must be a reference to a keys.json',
    '{ "file": "keys/emm-eu.json" }',
  ).transform((reference, ctx) =>
    follow(reference, context, ctx, (found) => {
      const read = readKeyPair(found, context.strict, parse)
      return 'rule' in read ? read : { value: { ...read, path: found.file?.path } }
    }),
  )

/** Reads a key pair from where it was found; returns the broken rule when that fails. */
export function readKeyPair(
  { text, file }: Resolved,
  strict: boolean,
  parse: (text: string) => ReturnType<ParseKeys>,
): ReturnType<ParseKeys> {
  return strict && file !== undefined && isExposed(file.mode) ? EXPOSED : parse(text)
}

const EXPOSED = { rule: 'names a file that others can use or its group can write: chmod 640' }

/** Any right for others, or the right to write for the group. */
const isExposed = (mode: number): boolean => (mode & 0o027) !== 0

function asSecret(text: string, { strict }: ReferenceContext): Outcome<Secret> {
  if (strict && isPlaceholder(text)) return { rule: 'stands for a placeholder, not for a secret' }
  return { value: new Secret(text) }
}

function follow<T>(
  reference: Reference,
  context: ReferenceContext,
  ctx: z.RefinementCtx,
  read: (found: Resolved) => Outcome<T>,
): T {
  const found = context.resolve(reference)
  const outcome = 'rule' in found ? found : read(found)
  if ('value' in outcome) return outcome.value
  ctx.addIssue({ code: 'custom', message: outcome.rule })
  return z.NEVER
}
