import type { Endpoint } from '../http/endpoint.ts'
import { json } from '../http/exchange.ts'
import type { Target } from '../record.ts'
import { OauthRefusal, oauthErrorReply } from './errors.ts'

/** Makes an endpoint out of its parts: refusals that are thrown become RFC 6749 §5.2 errors. */
export const oauthEndpoint = (
  on: Target,
  { facts, handle }: Pick<Endpoint, 'facts' | 'handle'>,
): Endpoint => ({
  on,
  facts,
  handle(incoming) {
    try {
      return handle(incoming)
    } catch (error) {
      if (!(error instanceof OauthRefusal)) throw error
      return oauthErrorReply(error)
    }
  },
  refuse: ({ status, code, message }) =>
    json(status, { error: String(code), error_description: message }, { refusal: String(code) }),
})
