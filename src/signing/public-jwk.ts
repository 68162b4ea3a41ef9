import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** What a signature can be checked with, by the `alg` of its header. No `none`, and nothing symmetric. */
export const ASSERTION_ALGORITHMS = {
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  /** The same algorithm under its newer name (RFC 9864 §2.2). */
  Ed25519: 'Ed25519',
} as const

export type AssertionAlgorithm = keyof typeof ASSERTION_ALGORITHMS

/** Of these there is one size each, RSA apart. */
export type KeySort = (typeof ASSERTION_ALGORITHMS)[AssertionAlgorithm]

/**
 * A public key (RFC 7517) without anything that verifying does not need, and bound to one algorithm
 * (RFC 8725 §3.1).
 */
export type PublicJwk = {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly alg: AssertionAlgorithm
  readonly n?: string
  readonly e?: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
}

/** A public key that cannot be taken. `rule` says what it must be, never what it is. */
export class PublicJwkError extends Error {
  override readonly name = 'PublicJwkError'
  readonly rule: string

  constructor(rule: string) {
    super(`public key: ${rule}`)
    this.rule = rule
  }
}

/** Members of private and symmetric keys (RFC 7518 §6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
/** Below, `jose` refuses to verify; above, a forged signature costs more than it should. */
const MODULUS_BITS = { least: 2048, most: 8192 }
/** 65537, which every key generator takes; a longer exponent makes each check slower. */
const EXPONENT = 'AQAB'

/**
 * Reads a public key in the form of a JWK. RSA keys have to name their `alg`; the curve of the others
 * says it. Members that are not needed are left out.
 *
 * @throws PublicJwkError
 */
export function readPublicJwk(value: unknown): PublicJwk {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PublicJwkError('must be a JSON Web Key: an object with kty')
  const given: Readonly<Record<string, unknown>> = { ...value }
  if (PRIVATE.some((name) => Object.hasOwn(given, name)))
    throw new PublicJwkError(
      'holds a private or secret key, which must stay with the portal: make a new pair and give its public half only',
    )
  checkPurpose(given)
  const { kty, n = '', e = '', crv = '', x = '', y = '' } = importJwk(given)
  const alg = algorithmOf(kty === 'RSA' ? kty : crv, given.alg)
  if (kty === 'RSA') return { kty, alg, n, e }
  return kty === 'EC' ? { kty, alg, crv, x, y } : { kty: 'OKP', alg, crv, x }
}

/** What the key verifies with. @throws Error for a key that `readPublicJwk` has not read */
export const publicKeyOf = (jwk: PublicJwk): KeyObject =>
  createPublicKey({ key: { ...jwk }, format: 'jwk' })

/** RFC 7638 §3: SHA-256 over the required members in lexicographic order, base64url. */
export function thumbprintOf(jwk: Readonly<Record<string, string>>): string {
  const { kty, n, e, crv, x, y } = jwk
  const members = { crv, e, kty, n, x, y }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}

/** The names by which a header may call the algorithm of a key. */
export const namesAlgorithm = ({ alg }: PublicJwk, name: AssertionAlgorithm): boolean =>
  alg === name || (alg === 'EdDSA' && name === 'Ed25519')

export const isAssertionAlgorithm = (name: unknown): name is AssertionAlgorithm =>
  typeof name === 'string' && Object.hasOwn(ASSERTION_ALGORITHMS, name)

function checkPurpose({ use, key_ops: operations }: Readonly<Record<string, unknown>>): void {
  const permits = operations === undefined || [operations].flat().includes('verify')
  if ((use ?? 'sig') === 'sig' && permits) return
  throw new PublicJwkError('must be a key for signatures: use sig, key_ops with verify')
}

/** The members as OpenSSL has understood them: one form of each number. */
function importJwk(given: Readonly<Record<string, unknown>>): JsonWebKey {
  try {
    const key = createPublicKey({ key: { ...given }, format: 'jwk' })
    checkRsa(key)
    return key.export({ format: 'jwk' })
  } catch (error) {
    if (error instanceof PublicJwkError) throw error
    throw new PublicJwkError('must be a JSON Web Key of kty RSA, EC or OKP')
  }
}

function checkRsa(key: KeyObject): void {
  if (key.asymmetricKeyType !== 'rsa') return
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  const { least, most } = MODULUS_BITS
  if (bits < least || bits > most)
    throw new PublicJwkError(`must have ${least} to ${most} bits if it is an RSA key`)
  if (key.export({ format: 'jwk' }).e !== EXPONENT)
    throw new PublicJwkError(`must have the exponent ${EXPONENT} if it is an RSA key`)
}

function algorithmOf(sort: string, named: unknown): AssertionAlgorithm {
  const fitting = Object.entries(ASSERTION_ALGORITHMS).flatMap(([name, of]) =>
    of === sort && isAssertionAlgorithm(name) ? [name] : [],
  )
  const [first] = fitting
  if (first === undefined)
    throw new PublicJwkError('must be RSA, or of the curve P-256, P-384, P-521 or Ed25519')
  if (named === undefined && sort !== 'RSA') return first
  const found = fitting.find((name) => name === named)
  if (found === undefined) throw new PublicJwkError(`must have alg ${fitting.join(' or ')}`)
  // Both names of one algorithm are one key.
  return sort === 'RSA' ? found : first
}
