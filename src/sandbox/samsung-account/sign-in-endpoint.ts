import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Incoming, Reply } from '../http/exchange.ts'
import { messagePage } from '../pages/message.ts'
import type { Target } from '../record.ts'
import { SignInRefusal } from './sign-in-request.ts'

/** Makes an endpoint out of one of the gates: a refusal is a page, never a redirect. */
export const signInEndpoint = (
  ctx: Context,
  gate: (ctx: Context, incoming: Incoming) => Reply,
  on: Target = 'signin',
): Endpoint => ({
  on,
  facts: () => ({}),
  handle(incoming) {
    try {
      return gate(ctx, incoming)
    } catch (error) {
      if (!(error instanceof SignInRefusal)) throw error
      return refusalPage(error.status, error.code, error.message)
    }
  },
  refuse: ({ status, code, message }) => refusalPage(status, String(code), message),
})

const refusalPage = (status: number, code: string, message: string): Reply => ({
  ...messagePage(status, 'This sign-in cannot go on', message),
  refusal: code,
})
