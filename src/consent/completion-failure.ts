import { TokenRequestError } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import { tokenFailure } from '../vault/failures.ts'

/** Whether Samsung surely did not act on the code. */
export const isUntouched = (error: unknown): boolean =>
  error instanceof TokenRequestError && (error.kind === 'not_sent' || error.kind === 'transient')

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
