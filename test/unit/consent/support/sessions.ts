import type { ConnectSession } from '../../../../src/consent/session-record.ts'
import {
  beginExchange,
  bindBrowser,
  failSession,
  holdCode,
} from '../../../../src/consent/session-transitions.ts'

export const T0 = 1_000_000_000_000

/** A session that has just been created, with differences. */
export const aSession = (changes: Partial<ConnectSession> = {}): ConnectSession => ({
  format: 1,
  type: 'connect_session',
  id: 'cs_00000000000000000000000000000000',
  portalId: 'acme',
  program: 'emm-eu',
  tenantRef: 'tenant-1',
  returnUrl: 'https://console.acme.example/knox/return',
  codeChallenge: 'challenge',
  allowAccountChange: false,
  createdAt: T0,
  expiresAt: T0 + 600_000,
  phase: 'pending',
  states: [],
  ...changes,
})

export const HELD = {
  code: 'v1.code',
  dataKey: 'v1.key',
  resultCode: 'hash-of-result-code',
  completeBy: T0 + 240_000,
}

/** In one browser on the way to Samsung. */
export const started = () => bindBrowser(aSession(), 'browser', 'state-1')

/** Back from Samsung with a code. */
export const held = () => holdCode(started(), HELD)

export const exchanging = () =>
  beginExchange(held(), 'attempt', 'conn_00000000000000000000000000000000', T0 + 12_000)

export const failed = () => failSession(exchanging(), 'code_expired')
