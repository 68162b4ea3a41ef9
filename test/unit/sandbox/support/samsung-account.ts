import type { AccountId } from '../../../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../../../src/sandbox/sandbox.ts'
import { REDIRECT_URI } from './sandbox.ts'

/** Parameters of a request; an array repeats one, `undefined` leaves it out. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

export function encode(fields: Fields): URLSearchParams {
  const encoded = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    for (const one of value === undefined ? [] : [value].flat()) encoded.append(name, one)
  }
  return encoded
}

const signInFields = (sandbox: Sandbox): Fields => ({
  client_id: sandbox.registration.client.clientId,
  response_type: 'CODE',
  redirect_uri: REDIRECT_URI,
  state: 'state-1',
})

/** Opens `signInGate` as a browser that does not follow redirects. */
export function openSignIn(sandbox: Sandbox, fields: Fields = {}, cookie = ''): Promise<Response> {
  const query = encode({ ...signInFields(sandbox), ...fields })
  return fetch(`${sandbox.localUrl}/accounts/v1/SANDBOX/signInGate?${query}`, {
    headers: { cookie },
    redirect: 'manual',
  })
}

/** Sends the form of the sign-in page. */
export function decide(sandbox: Sandbox, fields: Fields): Promise<Response> {
  return fetch(`${sandbox.localUrl}/accounts/v1/SANDBOX/signInGate`, {
    method: 'POST',
    body: encode({ ...signInFields(sandbox), ...fields }),
    redirect: 'manual',
  })
}

/** Where an answer sends the browser. */
export const locationOf = (res: Response): URL => new URL(res.headers.get('location') ?? '')

export const cookieOf = (res: Response): string =>
  (res.headers.get('set-cookie') ?? '').split(';', 1).join('')

/** Lets an administrator consent. @returns The authorization code. */
export async function consent(sandbox: Sandbox, account: AccountId = 'ada'): Promise<string> {
  const res = await decide(sandbox, { allow: account })
  return locationOf(res).searchParams.get('code') ?? ''
}

/** Sends a token request with good client credentials unless told otherwise. */
export function postToken(
  sandbox: Sandbox,
  fields: Fields,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  const { clientId, clientSecret } = sandbox.registration.client
  return fetch(`${sandbox.localUrl}/auth/oauth2/token`, {
    method: 'POST',
    headers,
    signal,
    body: encode({ client_id: clientId, client_secret: clientSecret, ...fields }),
  })
}

export const exchange = (sandbox: Sandbox, code: string, fields: Fields = {}): Promise<Response> =>
  postToken(sandbox, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    ...fields,
  })

export const refresh = (sandbox: Sandbox, token: string, fields: Fields = {}): Promise<Response> =>
  postToken(sandbox, { grant_type: 'refresh_token', refresh_token: token, ...fields })

/** Members of a token response as this sandbox writes it by default. */
export interface TokenBody {
  readonly access_token: string
  readonly refresh_token: string
}

/** Walks from consent to tokens. */
export async function obtainTokens(sandbox: Sandbox, account?: AccountId): Promise<TokenBody> {
  const res = await exchange(sandbox, await consent(sandbox, account))
  // Holds for the default settings; a test that changes them reads the body itself.
  return (await res.json()) as TokenBody
}
