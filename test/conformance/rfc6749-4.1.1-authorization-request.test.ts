/** RFC 6749 §4.1.1 and protocol.md 2.2: the address that starts the sign-in. */
import { expect, it } from '@jest/globals'
import { createOutbound } from '../../src/outbound/undici-outbound.ts'
import { createSamsungAccountClient } from '../../src/samsung-account/client.ts'
import { makeProgram } from '../unit/samsung-account/program.ts'

type Settings = Partial<ReturnType<typeof makeProgram>['samsungAccount']>

const outbound = createOutbound({
  allowedOrigins: [],
  timeoutMs: 1000,
  responseLimitBytes: 0,
  clock: () => 0,
})

const clientWith = (samsungAccount: Settings = {}) =>
  createSamsungAccountClient({
    program: makeProgram('https://eu-auth2.samsungosp.com', { samsungAccount }),
    redirectUri: 'https://gate.example/callback/emm-eu',
    outbound,
  })

const GOLDEN =
  'https://account.samsung.com/accounts/v1/ACME/signInGate?client_id=client+id%261' +
  '&response_type=CODE&redirect_uri=https%3A%2F%2Fgate.example%2Fcallback%2Femm-eu&state=cs_1.aB-_'

it('is built of constants and the state', () => {
  expect(clientWith().authorizationUrl({ state: 'cs_1.aB-_' })).toBe(GOLDEN)
})

it('has the locale after the state, then the configured parameters', () => {
  const client = clientWith({ authorizeParams: { country_code: 'DE', prompt: 'a&b=c' } })

  expect(client.authorizationUrl({ state: 'cs_1.aB-_', locale: 'de_DE' })).toBe(
    `${GOLDEN}&locale=de_DE&country_code=DE&prompt=a%26b%3Dc`,
  )
})

it('has the response type as it is configured', () => {
  const url = clientWith({ responseType: 'code' }).authorizationUrl({ state: 's' })

  expect(new URL(url).searchParams.get('response_type')).toBe('code')
})

it('keeps the query of the configured address', () => {
  const url = clientWith({
    authorizeUrl: 'https://account.samsung.com/accounts/v1/ACME/signInGate?svc=knox',
  }).authorizationUrl({ state: 's' })

  expect(url).toMatch(/signInGate\?svc=knox&client_id=/)
})

it('lets no configured parameter replace or double a parameter of the protocol', () => {
  const fixed = ['client_id', 'response_type', 'redirect_uri', 'state', 'locale']
  const authorizeParams = Object.fromEntries(fixed.map((name) => [name, 'replaced']))

  const url = clientWith({ authorizeParams }).authorizationUrl({ state: 's', locale: 'en_US' })

  expect(url).not.toContain('replaced')
  for (const name of fixed) expect(new URL(url).searchParams.getAll(name)).toHaveLength(1)
})

it('holds no secret', () => {
  expect(decodeURIComponent(clientWith().authorizationUrl({ state: 's' }))).not.toContain('écret')
})
