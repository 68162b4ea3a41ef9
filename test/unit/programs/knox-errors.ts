import { KnoxError } from '../../../src/knox/kind.ts'

const error = (kind: KnoxError['kind'], code: string): KnoxError =>
  new KnoxError(kind, 'refused', { service: 'knox', status: 401, code })

/** Samsung refuses what we are, or what we sent. */
export const refusal = (code = '4012250'): KnoxError => error('operator', code)
/** Samsung has looked at us, and the customer has not entered the partner ID. */
export const noTrust = (): KnoxError => error('trust', '40300000')
/** The customer's own token is not accepted. */
export const idpRefusal = (): KnoxError => error('idp_token', '4010011')
export const outage = (): KnoxError =>
  new KnoxError('transient', 'unavailable', { service: 'knox', status: 503 })
