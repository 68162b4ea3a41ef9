import {
  allowInsecureRequests,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  customFetch,
  genericGrantRequest,
  refreshTokenGrant,
} from 'openid-client'
import type { SamsungAccountProgram } from '../config/config.ts'
import { type Outbound, OutboundError, type OutboundResponse } from '../outbound/outbound.ts'
import { readRetryAfterSeconds } from '../outbound/retry-after.ts'
import type { Log } from '../shared/log.ts'
import { authorizationUrl } from './authorization-url.ts'
import { readTokenResponse, type TokenResponse } from './dialect.ts'
import { type Grant, judgeNoAnswer, judgeRefusal } from './failure.ts'
import { readRefusal } from './refusal.ts'
import { type OnTokens, type SamsungAccountClient, TokenRequestError } from './tokens.ts'

export interface SamsungAccountClientDeps {
  readonly program: SamsungAccountProgram
  /** `PUBLIC_URL/callback/{program}`, sent with both requests (RFC 6749 §4.1.3). */
  readonly redirectUri: string
  readonly outbound: Outbound
  readonly log?: Log
}

/**
 * Creates the client of one program's Samsung Account endpoints.
 *
 * openid-client makes each request and validates each response. Between the two stands our own fetch:
 * it sends exactly once, reads Samsung's dialect, judges refusals, and has the tokens stored before
 * the library sees them, because by then a rotating refresh token is already spent.
 */
export function createSamsungAccountClient(deps: SamsungAccountClientDeps): SamsungAccountClient {
  const { program, redirectUri } = deps
  return {
    authorizationUrl: ({ state, locale }) =>
      authorizationUrl(program.samsungAccount, { redirectUri, state, locale }),
    exchangeCode: (code, onTokens) =>
      // The callback has read the authorization response and proven its state; only the code is left.
      spend(deps, 'authorization_code', onTokens, (configuration) =>
        genericGrantRequest(configuration, 'authorization_code', {
          code: code.reveal(),
          redirect_uri: redirectUri,
        }),
      ),
    refresh: (refreshToken, onTokens) =>
      spend(deps, 'refresh_token', onTokens, (configuration) =>
        refreshTokenGrant(configuration, refreshToken.reveal()),
      ),
  }
}

/** What one request came to, as our fetch saw it; the library's own errors hold tokens. */
interface Attempt {
  failure?: { readonly thrown: unknown }
  committed: boolean
}

async function spend(
  deps: SamsungAccountClientDeps,
  grant: Grant,
  onTokens: OnTokens,
  request: (configuration: Configuration) => Promise<unknown>,
): Promise<void> {
  const attempt: Attempt = { committed: false }
  try {
    await request(configure(deps, grant, onTokens, attempt))
  } catch {
    if (attempt.failure !== undefined) throw attempt.failure.thrown
    if (!attempt.committed) {
      // The library refused its own input, and nothing left the process.
      throw new TokenRequestError('not_sent', 'refused', { service: 'samsung-account' })
    }
    deps.log?.warn('token_response_odd', { programId: deps.program.id })
  }
}

/** One configuration per request, so that each has a fetch that knows its own attempt. */
function configure(
  { program, outbound }: SamsungAccountClientDeps,
  grant: Grant,
  onTokens: OnTokens,
  attempt: Attempt,
): Configuration {
  const { tokenUrl, clientId, clientSecret } = program.samsungAccount
  const configuration = new Configuration(
    // Samsung Account names no issuer; nothing is compared with this one.
    { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl },
    clientId,
    undefined,
    ClientSecretPost(clientSecret.reveal()),
  )
  if (isLoopbackHttp(tokenUrl)) allowInsecureRequests(configuration)
  // The outbound has the only deadline.
  configuration.timeout = 0
  configuration[customFetch] = async (url, options) => {
    try {
      const { tokens, standard } = await receive(outbound, grant, url, options)
      await onTokens(tokens)
      attempt.committed = true
      return Response.json(standard)
    } catch (thrown) {
      attempt.failure = { thrown }
      throw thrown
    }
  }
  return configuration
}

/** The one request of an attempt, and its answer read as tokens. @throws TokenRequestError */
async function receive(
  outbound: Outbound,
  grant: Grant,
  url: string,
  options: Parameters<CustomFetch>[1],
): Promise<TokenResponse> {
  const response = await send(outbound, url, options)
  const tokens = readTokenResponse(response)
  if (tokens !== null) return tokens
  const { status } = response
  const { upstream, ...words } = readRefusal(response)
  const { kind, reason } = judgeRefusal({ grant, status, ...words })
  const retryAfter = status === 429 || status === 503 ? readRetryAfterSeconds(response) : undefined
  throw new TokenRequestError(kind, reason, upstream, retryAfter)
}

async function send(
  outbound: Outbound,
  url: string,
  { headers, body }: Parameters<CustomFetch>[1],
): Promise<OutboundResponse> {
  try {
    return await outbound.request({ method: 'POST', url, headers, body: String(body) })
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    const { kind, reason } = judgeNoAnswer(error)
    throw new TokenRequestError(kind, reason, { service: 'samsung-account' })
  }
}

/** openid-client insists on https; configuration admits http on loopback, for the sandbox. */
function isLoopbackHttp(text: string): boolean {
  const { protocol, hostname } = new URL(text)
  return protocol === 'http:' && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
