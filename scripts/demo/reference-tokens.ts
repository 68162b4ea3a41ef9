import { createRequire } from 'node:module'

/** Samsung's own npm library; it has no types. */
interface KnoxTokenLibrary {
  generateSignedClientIdentifierJWT(keysPath: string, clientIdentifier: string): string
  generateSignedAccessTokenJWT(keysPath: string, accessToken: string): string
}

/** Everything about a JWT for Knox that does not differ from one to the next. */
export interface JwtShape {
  readonly header: unknown
  /** Names, in their order. */
  readonly claims: readonly string[]
  readonly audience: unknown
  readonly publicKey: unknown
  readonly lifetimeSeconds: number
  readonly jti: string
}

const require = createRequire(import.meta.url)
const NAME = 'knox-token-library-js'
const UUID_V1 = /[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g

/** Name and version of the library that is compared with. */
export const libraryName = (): string => `${NAME} ${require(`${NAME}/package.json`).version}`

/** Reads a JWT without judging its signature. @param without - Names of claims to leave out. */
export function shapeOf(jwt: string, ...without: readonly string[]): JwtShape {
  const [header, claims] = jwt.split('.').slice(0, 2).map(decode)
  return {
    header,
    claims: Object.keys(claims).filter((name) => !without.includes(name)),
    audience: claims.aud,
    publicKey: claims.publicKey,
    lifetimeSeconds: claims.exp - claims.iat,
    jti: String(claims.jti).replace(UUID_V1, '<v1>'),
  }
}

/** The two JWTs that Samsung's library makes with the same `keys.json`. */
export function referenceShapes(keysPath: string) {
  const library: KnoxTokenLibrary = require(NAME)
  return {
    clientIdentifier: shapeOf(library.generateSignedClientIdentifierJWT(keysPath, 'identifier')),
    accessToken: shapeOf(library.generateSignedAccessTokenJWT(keysPath, 'token')),
  }
}

const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
