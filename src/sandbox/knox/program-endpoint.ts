import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { type Incoming, json, type Reply } from '../http/exchange.ts'
import { fingerprint } from '../record.ts'
import type { ProgramKind } from '../state.ts'
import { readAccessTokenRequest } from './access-token-request.ts'
import { checkClientIdentifierJwt, foreignClientIdentifier } from './client-identifier-jwt.ts'
import { spendJti } from './jti.ts'
import { issueProgramToken } from './kcs-token.ts'
import { clientIdentifierFacts, knoxEndpoint } from './knox-endpoint.ts'

/**
 * Makes `accesstoken`, where a Client Identifier alone buys a Knox token: for Managed Service
 * Providers and for companies for themselves (protocol.md 3.2 and 6).
 */
export const programEndpoint = (ctx: Context): Endpoint =>
  knoxEndpoint(ctx, 'program', {
    facts: ({ body }) => clientIdentifierFacts(body),
    handle: (incoming) => exchange(ctx, incoming),
  })

function exchange(ctx: Context, incoming: Incoming): Reply {
  const request = readAccessTokenRequest(incoming)
  const claims = checkClientIdentifierJwt(ctx, request)
  const program = findProgram(ctx, claims.all.clientIdentifier)
  spendJti(ctx, claims, request.clientIdentifierJwt)
  const accessToken = issueProgramToken(ctx, program, request.validityMinutes)
  return json(200, { accessToken }, { issued: { programToken: fingerprint(accessToken) } })
}

function findProgram({ registration, state }: Context, clientIdentifier: unknown): ProgramKind {
  const { mspClientIdentifier, customerClientIdentifier } = state.settings
  const { msp, customer } = registration.programs
  if (clientIdentifier === (mspClientIdentifier ?? msp.clientIdentifier)) return 'msp'
  if (clientIdentifier === (customerClientIdentifier ?? customer.clientIdentifier)) {
    return 'customer'
  }
  throw foreignClientIdentifier()
}
