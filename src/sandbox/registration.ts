import { createHmac } from 'node:crypto'
import { generateKeysFile, type KeysFile, type RegisteredKey, registerKey } from './keys.ts'

/** What a portal operator may bring along; everything absent is derived from the key pair. */
export interface RegistrationOptions {
  readonly clientId?: string
  readonly clientSecret?: string
  /** Path segment of `signInGate` that stands for the client (protocol.md 1.1, "Alias ID"). */
  readonly alias?: string
  readonly clientIdentifier?: string
  readonly partnerId?: string
  readonly keys?: KeysFile
  /** Further public keys of the same portal, in any encoding of protocol.md 3.4. */
  readonly publicKeys?: readonly string[]
  /** Name of the claim that carries the Samsung Account token (protocol.md 10, U2). */
  readonly idpTokenClaim?: string
}

/** The one Samsung Account client and the one Knox portal registration that the sandbox knows. */
export interface Registration {
  readonly client: {
    readonly clientId: string
    readonly clientSecret: string
    readonly alias: string
  }
  readonly knox: {
    readonly clientIdentifier: string
    /** Two UUIDs, the `context` of every unsigned token (protocol.md 9b). */
    readonly context: string
    readonly partnerId: string
    readonly keys: KeysFile
    readonly publicKeys: readonly RegisteredKey[]
    readonly idpTokenClaim: string
  }
}

/**
 * Registers a portal with Samsung Account and Knox.
 *
 * What is not given is derived from the private key, so that a restart with the same `keys.json` is
 * the same registration and a configuration made from it stays valid.
 *
 * @throws RangeError when a public key cannot be read.
 */
export async function createRegistration(options: RegistrationOptions = {}): Promise<Registration> {
  const keys = options.keys ?? (await generateKeysFile())
  const context = deriveUuid(keys, 'context 1') + deriveUuid(keys, 'context 2')
  return {
    client: {
      clientId: options.clientId ?? `sb${derive(keys, 'client id').toString('hex', 0, 4)}`,
      clientSecret: options.clientSecret ?? derive(keys, 'client secret').toString('base64url'),
      alias: options.alias ?? 'SANDBOX',
    },
    knox: {
      clientIdentifier: options.clientIdentifier ?? clientIdentifierJwt(keys, context),
      context,
      partnerId: options.partnerId ?? '1234567890',
      keys,
      publicKeys: [keys.Public, ...(options.publicKeys ?? [])].map(registerKey),
      idpTokenClaim: options.idpTokenClaim ?? 'idpAccessToken',
    },
  }
}

const derive = (keys: KeysFile, purpose: string): Buffer =>
  createHmac('sha256', keys.Private).update(purpose).digest()

/** A version 4 UUID (RFC 9562 §5.4) out of derived instead of random bits. */
function deriveUuid(keys: KeysFile, purpose: string): string {
  const hex = derive(keys, purpose).toString('hex')
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) % 4)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-')
}

/** A Client Identifier looks like an HS512 JWT, and is opaque to its owner (protocol.md 3.3). */
function clientIdentifierJwt(keys: KeysFile, context: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: 'HS512' })}.${encode({ clientIdentifier: context, attr1: '1' })}`
  const secret = derive(keys, 'client identifier')
  return `${input}.${createHmac('sha512', secret).update(input).digest('base64url')}`
}
