import { type TokenFailureKind, TokenRequestError } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import { tokenFailure } from '../vault/failures.ts'

/** After these Samsung has not acted on the code: with `operator` it never got as far as looking at it. */
const UNTOUCHED: ReadonlySet<TokenFailureKind> = new Set(['not_sent', 'transient', 'operator'])

/** Whether the same code can be sent once more: no customer consents again for our own mistake. */
export const isUntouched = (error: unknown): boolean =>
  error instanceof TokenRequestError && UNTOUCHED.has(error.kind)

/** What the portal is told when a completion brought no connection. */
export function toldAbout(error: unknown): unknown {
  if (!(error instanceof TokenRequestError)) return error
  const { upstream } = error
  if (error.kind === 'customer') return new ServiceError('code_expired', { upstream })
  if (error.kind === 'ambiguous')
    return new ServiceError('session_ended', {
      detail: 'the outcome of the exchange is unknown',
      upstream,
    })
  return tokenFailure(error)
}
