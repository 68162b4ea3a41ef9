import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import type { AccountId } from '../../../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../../../src/sandbox/sandbox.ts'
import { obtainTokens } from './samsung-account.ts'
import { keys, type TestClock } from './sandbox.ts'

type Json = Readonly<Record<string, unknown>>

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs a JWT by hand, so that every part of it can be made wrong. */
export function signJwt(
  claims: unknown,
  header: unknown = { alg: 'RS512', typ: 'JWT' },
  privateKey: string = keys.Private,
): string {
  const key = createPrivateKey({
    key: Buffer.from(privateKey, 'base64'),
    format: 'der',
    type: 'pkcs8',
  })
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${sign('sha512', Buffer.from(input), key).toString('base64url')}`
}

/** Claims that every JWT of protocol.md 3.3 has. */
export const commonClaims = ({ now }: TestClock): Json => {
  const iat = Math.floor(now / 1000)
  return {
    publicKey: keys.Public,
    iat,
    exp: iat + 1800,
    aud: 'KnoxWSM',
    jti: randomUUID() + randomUUID(),
  }
}

export const clientIdentifierClaims = (
  sandbox: Sandbox,
  clock: TestClock,
  idpAccessToken: string,
): Json => ({
  clientIdentifier: sandbox.registration.knox.clientIdentifier,
  ...commonClaims(clock),
  idpAccessToken,
})

/** Posts to `accessTokenOAuth2`; a text is sent as it is. */
export const postAms = (
  sandbox: Sandbox,
  body: Json | string,
  contentType = 'application/json',
): Promise<Response> =>
  fetch(`${sandbox.localUrl}/ams/v1/users/customer/accesstokenOAuth2`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

export const amsBody = (clientIdentifierJwt: string, more: Json = {}): Json => ({
  base64EncodedStringPublicKey: keys.Public,
  clientIdentifierJwt,
  validityForAccessTokenInMinutes: 30,
  ...more,
})

/** Walks from consent to an unsigned Knox token. */
export async function obtainKcsToken(
  sandbox: Sandbox,
  clock: TestClock,
  account?: AccountId,
): Promise<string> {
  const { access_token: idpToken } = await obtainTokens(sandbox, account)
  const jwt = signJwt(clientIdentifierClaims(sandbox, clock, idpToken))
  const body = await (await postAms(sandbox, amsBody(jwt))).json()
  // Holds because the request above is good.
  return (body as { accessToken: string }).accessToken
}

/** Calls Knox Mobile Enrollment with a signed token. */
export const getKme = (
  sandbox: Sandbox,
  token: string | undefined,
  path = '/kcs/v1/kme/profiles/list',
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(sandbox.localUrl + path, {
    headers: token === undefined ? headers : { 'x-knox-apitoken': token, ...headers },
  })
