import { createHash } from 'node:crypto'
import type { Sandbox } from '../../../../src/sandbox/sandbox.ts'
import { encode, type Fields, locationOf } from './samsung-account.ts'
import { REDIRECT_URI } from './sandbox.ts'

export const VERIFIER = 'v'.repeat(43)

/** RFC 7636 §4.2. */
export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url')

type ClientName = 'portal' | 'customer' | 'msp'

const authorizeFields = (sandbox: Sandbox): Fields => ({
  client_id: sandbox.registration.oauth.portal.clientId,
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  scope: 'kme openid',
  code_challenge: challengeOf(VERIFIER),
  code_challenge_method: 'S256',
  state: 'state-1',
})

/** Opens `authorize` as a browser that does not follow redirects. */
export const openAuthorize = (
  sandbox: Sandbox,
  fields: Fields = {},
  cookie = '',
): Promise<Response> =>
  fetch(
    `${sandbox.localUrl}/ams/v1/oauth2/authorize?${encode({ ...authorizeFields(sandbox), ...fields })}`,
    { headers: { cookie }, redirect: 'manual' },
  )

/** Sends the form of the consent screen. */
export const decideAuthorize = (sandbox: Sandbox, fields: Fields): Promise<Response> =>
  fetch(`${sandbox.localUrl}/ams/v1/oauth2/authorize`, {
    method: 'POST',
    body: encode({ ...authorizeFields(sandbox), ...fields }),
    redirect: 'manual',
  })

/** Lets an administrator consent. @returns The authorization code. */
export async function oauthConsent(sandbox: Sandbox, fields: Fields = {}): Promise<string> {
  const res = await decideAuthorize(sandbox, { allow: 'ada', ...fields })
  return locationOf(res).searchParams.get('code') ?? ''
}

/** Posts to one of the endpoints with good client credentials unless told otherwise. */
export function postOauth(
  sandbox: Sandbox,
  endpoint: 'token' | 'revoke',
  fields: Fields,
  client: ClientName = 'portal',
  headers: Record<string, string> = {},
): Promise<Response> {
  const { clientId, clientSecret } = sandbox.registration.oauth[client]
  return fetch(`${sandbox.localUrl}/ams/v1/oauth2/${endpoint}`, {
    method: 'POST',
    headers,
    body: encode({ client_id: clientId, client_secret: clientSecret, ...fields }),
  })
}

export const exchangeCode = (
  sandbox: Sandbox,
  code: string,
  fields: Fields = {},
): Promise<Response> =>
  postOauth(sandbox, 'token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
    ...fields,
  })

export const refreshOauth = (sandbox: Sandbox, token: string): Promise<Response> =>
  postOauth(sandbox, 'token', { grant_type: 'refresh_token', refresh_token: token })

/** Members of a token response. */
export interface OauthTokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly scope: string
  readonly expires_in: number
}

/** Reads an answer that is known to be one. */
export const tokensOf = async (res: Response): Promise<OauthTokens> =>
  // Holds for answers with status 200.
  (await res.json()) as OauthTokens

/** Walks from consent to tokens. */
export const obtainOauthTokens = async (
  sandbox: Sandbox,
  fields: Fields = {},
): Promise<OauthTokens> =>
  tokensOf(await exchangeCode(sandbox, await oauthConsent(sandbox, fields)))

/** Gets a token by client credentials. */
export const clientToken = async (
  sandbox: Sandbox,
  client: 'customer' | 'msp',
  scope: string,
): Promise<OauthTokens> =>
  tokensOf(await postOauth(sandbox, 'token', { grant_type: 'client_credentials', scope }, client))

/** Calls a Knox API with a Bearer token. */
export const callBearer = (
  sandbox: Sandbox,
  path: string,
  token: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(sandbox.localUrl + path, { headers: { authorization: `Bearer ${token}`, ...headers } })
