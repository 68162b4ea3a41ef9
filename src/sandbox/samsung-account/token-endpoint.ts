import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { type Incoming, json, type Reply } from '../http/exchange.ts'
import { fingerprint, type RequestFacts } from '../record.ts'
import { authenticateClient } from './client-authentication.ts'
import { spendCode } from './codes.ts'
import { errorFor, SaRefusal, saErrorReply } from './errors.ts'
import { noteDelivery } from './families.ts'
import { renewTokens } from './renewal.ts'
import { notePresentation } from './standing.ts'
import { readForm, readTokenRequest, type TokenRequest } from './token-request.ts'
import { tokenResponse } from './token-response.ts'
import { type IssuedTokens, issueTokens } from './tokens.ts'

/** Makes the token endpoint (protocol.md 2.5, 2.6). */
export const tokenEndpoint = (ctx: Context): Endpoint => ({
  on: 'token',
  facts: (incoming) => tokenFacts(ctx, incoming),
  handle(incoming) {
    try {
      return grantTokens(ctx, incoming)
    } catch (error) {
      if (!(error instanceof SaRefusal)) throw error
      return saErrorReply(400, error, ctx.state.settings.errorShape)
    }
  },
  refuse({ status, code, message }) {
    const error = { error: errorFor(String(code)), code: String(code), message }
    return saErrorReply(status, error, ctx.state.settings.errorShape)
  },
})

function tokenFacts(ctx: Context, incoming: Incoming): RequestFacts {
  const form = new URLSearchParams(incoming.body)
  const grantType = form.get('grant_type')
  const refreshing = grantType === 'refresh_token'
  const presented = form.get(refreshing ? 'refresh_token' : 'code')
  return {
    ...(grantType === null ? {} : { grantType: grantType.slice(0, 64) }),
    ...(presented === null ? {} : { presented: fingerprint(presented) }),
    ...(presented === null || !refreshing ? {} : notePresentation(ctx, presented)),
  }
}

function grantTokens(ctx: Context, incoming: Incoming): Reply {
  const form = readForm(incoming)
  const clientId = authenticateClient(ctx, incoming, form)
  const tokens = grant(ctx, readTokenRequest(form, clientId))
  const { familyId: family, accessToken, refreshToken } = tokens
  const body = tokenResponse(tokens, ctx.state.settings)
  if (refreshToken === null) {
    return json(200, body, { family, issued: { accessToken: fingerprint(accessToken) } })
  }
  return json(200, body, {
    family,
    issued: {
      accessToken: fingerprint(accessToken),
      refreshToken: fingerprint(refreshToken.value),
    },
    onDelivery: (delivery) => noteDelivery(ctx, refreshToken.value, delivery),
  })
}

function grant(ctx: Context, request: TokenRequest): IssuedTokens {
  return request.grantType === 'authorization_code'
    ? issueTokens(ctx, spendCode(ctx, request))
    : renewTokens(ctx, request.clientId, request.refreshToken)
}
