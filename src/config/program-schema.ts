import { Secret } from '../shared/secret.ts'
import type { KeyPair } from '../signing/key-pair.ts'
import { choice, field, flag, id, list, section, text, url } from './fields.ts'
import { isObject } from './json-file.ts'
import { products } from './products.ts'
import {
  keyPair,
  type ParseKeys,
  plainOrReference,
  type ReferenceContext,
  secret,
} from './secret-fields.ts'
import { parseDuration } from './units.ts'
import { isOrigin, isPath, originRule } from './urls.ts'

/** Parameters of `signInGate` that the flow itself sets. */
const RESERVED = ['client_id', 'response_type', 'redirect_uri', 'state']

/** Claims of the Client Identifier JWT that are set already (protocol.md 3.3). */
const CLAIMS = ['clientIdentifier', 'publicKey', 'aud', 'iat', 'exp', 'jti']

const isNotAnother = {
  path: ['next_client_identifier'],
  error: 'must not be the same as client_identifier',
}

const DAY_MS = 86_400_000
const VERIFY_PATH = '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1'
const NO_TRUST = ['40300000', '4030100']

/** What reading one program takes. */
export interface ProgramContext extends ReferenceContext {
  readonly parseKeys: (text: string) => ReturnType<ParseKeys>
  /** Told as soon as the keys are read, whatever else is wrong with the program. */
  readonly onKeys: (keys: KeyPair) => void
}

/** One entry of `programs.json`, kind `samsung-account`. */
export const samsungAccountProgram = (context: ProgramContext) =>
  section({
    ...credentials(context),
    kind: choice('samsung-account'),
    samsung_account: samsungAccount(context),
    knox: section({ ...knox(context.strict, THREE_LEGGED), idp_token_claim: idpTokenClaim() }),
  }).refine(isSecondAnother, isNotAnother)

/** One entry of `programs.json`, kind `knox-msp` or `knox-customer`: nobody signs in. */
export const twoLeggedProgram = (context: ProgramContext) =>
  section({
    ...credentials(context),
    kind: choice('knox-msp', 'knox-customer'),
    knox: section(knox(context.strict, TWO_LEGGED)),
  }).refine(isSecondAnother, isNotAnother)

/** What a program of every kind with signed tokens has. */
const credentials = (context: ProgramContext) => ({
  id: id('emm-eu'),
  region: text(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and hyphen', 'eu'),
  client_identifier: secret(context),
  next_client_identifier: secret(context).optional(),
  keys: keyPair(context, (json) => {
    const parsed = context.parseKeys(json)
    if ('keys' in parsed) context.onKeys(parsed.keys)
    return parsed
  }),
  allow_legacy_rsa: flag().default(false),
  products: products(context.strict).optional(),
})

/** Either may be missing here: that was reported before. */
function isSecondAnother(program: {
  readonly client_identifier: unknown
  readonly next_client_identifier?: unknown
}): boolean {
  const { client_identifier: first, next_client_identifier: next } = program
  return !(first instanceof Secret && next instanceof Secret && first.reveal() === next.reveal())
}

const samsungAccount = (context: ReferenceContext) =>
  section({
    authorize_url: authorizeUrl(context.strict),
    token_url: url(context.strict, 'https://eu-auth2.samsungosp.com/auth/oauth2/token'),
    client_id: plainOrReference(context),
    client_secret: secret(context),
    response_type: text(/^code$/i, 'must be CODE or code', 'CODE').default('CODE'),
    partner_id: text(/^[\w-]{1,64}$/, 'must be the Knox partner ID', '1234567890').optional(),
    authorize_params: field(
      isAuthorizeParams,
      `must be an object of texts, without ${RESERVED.join(', ')}`,
      '{ "country_code": "DE" }',
    ).default({}),
    rotation: choice('none', 'rotate', 'unknown').default('unknown'),
    rotation_grace: grace().optional(),
    reuse_revokes: flag().default(true),
  }).refine(
    ({ rotation, rotation_grace }) => rotation === 'rotate' || rotation_grace === undefined,
    {
      path: ['rotation_grace'],
      error: 'must not be set unless rotation is rotate',
    },
  )

/** How long a used refresh token may be presented again; read by `parseDuration`. */
const grace = () =>
  field(
    (value): value is string => {
      const ms = parseDuration(value)
      return ms !== undefined && ms > 0 && ms <= DAY_MS
    },
    'must be a duration with a unit (ms, s, m, h), above zero and at most 24h',
    '30s',
  )

/** What differs between the legs: the example of the path, and the codes that mean "no trust". */
interface Leg {
  readonly accessTokenPath: string
  readonly noTrust: readonly string[]
}

const THREE_LEGGED: Leg = {
  accessTokenPath: '/ams/v1/users/customer/accesstokenOAuth2',
  noTrust: NO_TRUST,
}

/** 4002113 is what the MSP API says of a customer that the MSP does not manage (protocol.md 6.1). */
const TWO_LEGGED: Leg = {
  accessTokenPath: '/ams/v1/users/accesstoken',
  noTrust: [...NO_TRUST, '4002113'],
}

const knox = (strict: boolean, { accessTokenPath, noTrust }: Leg) => ({
  base_url: field(
    (value): value is string => isOrigin(value, strict),
    originRule(strict),
    'https://eu-kcs-api.samsungknox.com',
  ),
  access_token_path: path(accessTokenPath),
  validity_minutes: field(isValidity, 'must be a whole number from 1 to 30', '30').optional(),
  public_key_format: choice('spki', 'verbatim').default('spki'),
  verify_path: path(VERIFY_PATH).default(VERIFY_PATH),
  trust_error_codes: list(text(/^\d{1,12}$/, 'must be a Samsung error code as text', '40300000'), {
    least: 0,
    most: 50,
  }).default([...noTrust]),
})

const idpTokenClaim = () =>
  field(
    isFreeClaim,
    `must be the name of a JWT claim other than ${CLAIMS.join(', ')}`,
    'idpAccessToken',
  )

const path = (example: string) =>
  field(isPath, 'must be an absolute path, percent-encoded, without "..", "//" or "#"', example)

const authorizeUrl = (strict: boolean) => {
  const plain = url(strict, 'https://account.samsung.com/accounts/v1/ACME/signInGate')
  return plain.refine((value) => !hasReserved([...new URL(value).searchParams.keys()]), {
    error: `must not set ${RESERVED.join(', ')}`,
  })
}

const isFreeClaim = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value) && !CLAIMS.includes(value)

const isValidity = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 30

const isAuthorizeParams = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) &&
  Object.values(value).every((item) => typeof item === 'string' && item.length <= 256) &&
  !hasReserved(Object.keys(value))

const hasReserved = (names: readonly string[]): boolean =>
  names.some((name) => RESERVED.includes(name.toLowerCase()))
