import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Incoming, Reply } from '../http/exchange.ts'
import { fingerprint, type RequestFacts, type Target } from '../record.ts'
import { KnoxRefusal, knoxCodeReply, knoxErrorReply } from './errors.ts'
import { parseJwt } from './jwt.ts'

/** Makes a Knox endpoint: refusals that are thrown become error bodies in the shape that is set. */
export const knoxEndpoint = (
  ctx: Context,
  on: Target,
  parts: {
    readonly facts: (incoming: Incoming) => RequestFacts
    readonly handle: (incoming: Incoming) => Reply
  },
): Endpoint => ({
  on,
  facts: parts.facts,
  handle(incoming) {
    try {
      return parts.handle(incoming)
    } catch (error) {
      if (!(error instanceof KnoxRefusal)) throw error
      return knoxErrorReply(error, ctx.state.settings.codeShape)
    }
  },
  refuse: (action) => knoxCodeReply({ ...action, data: 'scripted' }, ctx.state.settings.codeShape),
})

/** Reads what a JWT says about itself, for the record. */
export function jwtFacts(jwt: string | undefined): RequestFacts {
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
