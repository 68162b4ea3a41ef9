import { clientIdentifierFrom, contextFrom, derive } from './derive.ts'
import { generateKeysFile, type KeysFile, type RegisteredKey, registerKey } from './keys.ts'
import { createOauthClients, type OauthClient } from './knox-oauth/clients.ts'
import type { OauthClientName } from './oauth-state.ts'
import type { ProgramKind } from './state.ts'

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

/** A program without a portal's customers: it gets Knox tokens by its Client Identifier alone. */
export interface ProgramRegistration {
  readonly clientIdentifier: string
  /** Two UUIDs, as below. */
  readonly context: string
}

/** The one Samsung Account client and the Knox registrations that the sandbox knows. */
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
  /** A Managed Service Provider and a company for itself, with the key pair of `knox`. */
  readonly programs: Readonly<Record<ProgramKind, ProgramRegistration>>
  /** The apps of Knox OAuth 2.0. */
  readonly oauth: Readonly<Record<OauthClientName, OauthClient>>
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
  const context = contextFrom(keys)
  return {
    client: {
      clientId: options.clientId ?? `sb${derive(keys, 'client id').toString('hex', 0, 4)}`,
      clientSecret: options.clientSecret ?? derive(keys, 'client secret').toString('base64url'),
      alias: options.alias ?? 'SANDBOX',
    },
    knox: {
      clientIdentifier: options.clientIdentifier ?? clientIdentifierFrom(keys, context),
      context,
      partnerId: options.partnerId ?? '1234567890',
      keys,
      publicKeys: [keys.Public, ...(options.publicKeys ?? [])].map(registerKey),
      idpTokenClaim: options.idpTokenClaim ?? 'idpAccessToken',
    },
    programs: { msp: createProgram(keys, 'msp'), customer: createProgram(keys, 'customer') },
    oauth: createOauthClients(keys),
  }
}

function createProgram(keys: KeysFile, kind: ProgramKind): ProgramRegistration {
  const context = contextFrom(keys, `${kind} `)
  return { clientIdentifier: clientIdentifierFrom(keys, context, `${kind} `), context }
}
