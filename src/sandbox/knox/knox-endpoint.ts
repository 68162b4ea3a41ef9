import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Incoming, Reply } from '../http/exchange.ts'
import { fingerprint, type RequestFacts, type Target } from '../record.ts'
import { describeRefusal, type KnoxErrorWriter, KnoxRefusal, knoxCodeReply } from './errors.ts'
import { parseJwt } from './jwt.ts'

/** Makes a Knox endpoint: refusals that are thrown become error bodies in the shape that is set. */
export const knoxEndpoint = (
  ctx: Context,
  on: Target,
  {
    facts,
    handle,
    write = knoxCodeReply,
  }: {
    readonly facts: (incoming: Incoming) => RequestFacts
    readonly handle: (incoming: Incoming) => Reply
    /** How this service writes errors; as AMS and Knox Mobile Enrollment do when absent. */
    readonly write?: KnoxErrorWriter
  },
): Endpoint => ({
  on,
  facts,
  handle(incoming) {
    try {
      return handle(incoming)
    } catch (error) {
      if (!(error instanceof KnoxRefusal)) throw error
      const { settings } = ctx.state
      return withChallenge(error, write(describeRefusal(error, settings), settings.codeShape))
    }
  },
  refuse: (action) => write({ ...action, data: 'scripted' }, ctx.state.settings.codeShape),
})

/** Reads what the JWT in the body of a token request says about itself, for the record. */
export const clientIdentifierFacts = (body: string): RequestFacts =>
  jwtFacts(/"clientIdentifierJwt"\s*:\s*"([^"]*)"/.exec(body)?.[1])

/** Reads what the credential of a call says about itself, for the record. */
export function credentialFacts(incoming: Incoming): RequestFacts {
  const bearer = incoming.header('authorization')?.replace(/^Bearer /i, '')
  return bearer === undefined
    ? jwtFacts(incoming.header('x-knox-apitoken'))
    : { presented: fingerprint(bearer) }
}

function jwtFacts(jwt: string | undefined): RequestFacts {
  if (jwt === undefined) return {}
  const jti = readJti(jwt)
  return { presented: fingerprint(jwt), ...(jti === undefined ? {} : { jti }) }
}

function readJti(jwt: string): string | undefined {
  try {
    const { jti } = parseJwt(jwt).claims
    return typeof jti === 'string' ? jti : undefined
  } catch {
    return undefined
  }
}

/** RFC 6750 §3: a refused Bearer token is answered with what would be accepted. */
const withChallenge = ({ error }: KnoxRefusal, reply: Reply): Reply =>
  error === 'BEARER_REFUSED'
    ? {
        ...reply,
        headers: { ...reply.headers, 'WWW-Authenticate': 'Bearer error="invalid_token"' },
      }
    : reply
