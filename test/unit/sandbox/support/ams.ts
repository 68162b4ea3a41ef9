import { expect } from '@jest/globals'
import type { Sandbox } from '../../../../src/sandbox/sandbox.ts'
import { clientIdentifierClaims } from './knox.ts'
import { obtainTokens } from './samsung-account.ts'
import { startSandbox, type TestClock } from './sandbox.ts'

/** Where the clock of these tests stands, in seconds. */
export const NOW = 1_800_000_000

/** A sandbox in which somebody has consented, and good claims for AMS. */
export interface Ready {
  readonly sandbox: Sandbox
  readonly claims: Readonly<Record<string, unknown>>
  readonly clock: TestClock
}

export async function ready(): Promise<Ready> {
  const clock = { now: NOW * 1000 }
  const sandbox = await startSandbox({}, clock)
  const { access_token: idpToken } = await obtainTokens(sandbox)
  return { sandbox, clock, claims: clientIdentifierClaims(sandbox, clock, idpToken) }
}

const CODE_NAMES: Readonly<Record<number, string>> = {
  4000000: 'RESOURCE_INVALID_PARAM',
  4002250: 'API_KEY_NON_UNIQUE_JWTID',
  4002251: 'ACCESS_TOKEN_TIMEOUT_VALIDITY_RESOURCE_INVALID_PARAM',
  4010011: 'IDP_AUTHORIZATION_FAIL',
  4012250: 'ACCESS_TOKEN_BAD_REQUEST',
  4030000: 'AUTHENTICATION_FAIL',
}

/** Expects a Knox error body, and the status that the code begins with. */
export async function expectRefusal(res: Response, code: number): Promise<void> {
  expect(await res.json()).toEqual({
    code,
    message: CODE_NAMES[code],
    data: expect.any(String),
    errorId: expect.any(String),
  })
  expect(res.status).toBe(Math.floor(code / 10_000))
}
