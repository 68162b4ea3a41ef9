import { expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import {
  accessTokenClaims,
  clientIdentifierClaims,
  newJti,
  signatureExpiresAt,
} from '../../../src/signing/knox-claims.ts'

const common = { publicKey: 'MIIB', issuedAt: 1_760_000_000_999, jti: 'j' }

it('puts the identity provider token after the Client Identifier, under the configured name', () => {
  const claims = clientIdentifierClaims({
    ...common,
    clientIdentifier: new Secret('cid'),
    idp: { claim: 'idpAccessToken', value: new Secret('sa-token') },
  })

  expect(JSON.stringify(claims)).toBe(
    '{"clientIdentifier":"cid","idpAccessToken":"sa-token","publicKey":"MIIB",' +
      '"iat":1760000000,"exp":1760001800,"aud":"KnoxWSM","jti":"j"}',
  )
})

it('puts nothing else in when nobody has signed in', () => {
  const clientIdentifier = new Secret('cid')
  const claims = clientIdentifierClaims({ ...common, clientIdentifier, idp: null })

  expect(JSON.stringify(claims)).toBe(
    '{"clientIdentifier":"cid","publicKey":"MIIB",' +
      '"iat":1760000000,"exp":1760001800,"aud":"KnoxWSM","jti":"j"}',
  )
})

it('wraps a Knox access token in the same claims', () => {
  const claims = accessTokenClaims({ ...common, accessToken: new Secret('kcs') })

  expect(JSON.stringify(claims)).toBe(
    '{"accessToken":"kcs","publicKey":"MIIB",' +
      '"iat":1760000000,"exp":1760001800,"aud":"KnoxWSM","jti":"j"}',
  )
})

it('ends a signature at its exp claim, in whole seconds', () => {
  expect(signatureExpiresAt(1_760_000_000_000)).toBe(1_760_001_800_000)
  expect(signatureExpiresAt(1_760_000_000_999)).toBe(1_760_001_800_000)
  expect(signatureExpiresAt(1_760_000_001_000)).toBe(1_760_001_801_000)
})

it('makes a jti of two version 1 UUIDs', () => {
  const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

  expect(newJti()).toMatch(new RegExp(`^${uuid}${uuid}$`))
})

it('repeats no jti in 100,000', () => {
  const seen = new Set(Array.from({ length: 100_000 }, newJti))

  expect(seen.size).toBe(100_000)
})
