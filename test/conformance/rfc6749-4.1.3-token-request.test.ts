/** RFC 6749 §4.1.3, §6 and §2.3.1: what is sent to the token endpoint. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { Secret } from '../../src/shared/secret.ts'
import {
  json,
  REDIRECT_URI,
  type SeenRequest,
  startBench,
  type TestBench,
} from '../unit/samsung-account/token-endpoint.ts'

const opened: TestBench[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()))
})

/** The one request that a grant makes. */
async function requestOf(grant: 'exchangeCode' | 'refresh', value: string): Promise<SeenRequest> {
  const bench = await startBench(json(200, { access_token: 'at', expires_in: 60 }))
  opened.push(bench)
  await bench.client[grant](new Secret(value), async () => {})
  const [request] = bench.seen
  if (request === undefined || bench.seen.length > 1) throw new Error('not exactly one request')
  return request
}

/** In a form, `client_secret` and a code may hold any character. */
const fields = (request: SeenRequest) => [...new URLSearchParams(request.body)].toSorted()

describe.each(['exchangeCode', 'refresh'] as const)('%s', (grant) => {
  it('posts a form to the configured address, the secret in its body only', async () => {
    const request = await requestOf(grant, 'v')

    expect(request.method).toBe('POST')
    expect(request.url).toBe('/auth/oauth2/token')
    expect(request.contentType).toMatch(/^application\/x-www-form-urlencoded\b/)
    expect(request.authorization).toBeUndefined()
  })
})

it('exchanges a code with the redirect URI of the first request', async () => {
  expect(fields(await requestOf('exchangeCode', 'c/+ &=ü'))).toEqual([
    ['client_id', 'client id&1'],
    ['client_secret', 'sécret &+='],
    ['code', 'c/+ &=ü'],
    ['grant_type', 'authorization_code'],
    ['redirect_uri', REDIRECT_URI],
  ])
})

it('refreshes with the refresh token and nothing more', async () => {
  expect(fields(await requestOf('refresh', 'r/+ &='))).toEqual([
    ['client_id', 'client id&1'],
    ['client_secret', 'sécret &+='],
    ['grant_type', 'refresh_token'],
    ['refresh_token', 'r/+ &='],
  ])
})
