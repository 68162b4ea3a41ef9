/** protocol.md 3.3 and 9b: our JWTs against those of Samsung's own npm library. */
import { createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { Secret } from '../../src/shared/secret.ts'
import { parseKeysJson } from '../../src/signing/keys-json.ts'
import { accessTokenClaims, clientIdentifierClaims, newJti } from '../../src/signing/knox-claims.ts'
import { createSigner } from '../../src/signing/signer.ts'
import {
  base64Of,
  keysJson,
  makeRsa,
  privateForms,
  publicForms,
} from '../unit/signing/key-material.ts'

/** What of `knox-token-library-js` is used here; it has no types. */
interface SamsungLibrary {
  generateSignedClientIdentifierJWT(file: string, clientIdentifier: string): string
  generateSignedAccessTokenJWT(file: string, accessToken: string): string
  generateBase64EncodedStringPublicKey(file: string): string
}
const samsung: SamsungLibrary = createRequire(import.meta.url)('knox-token-library-js')

const directory = mkdtempSync(join(tmpdir(), 'knoxgate-keys-'))
afterAll(() => rmSync(directory, { recursive: true }))

const part = (jwt: string, index: number): Buffer =>
  Buffer.from(jwt.split('.')[index] ?? '', 'base64url')
const claimsOf = (jwt: string): Record<string, unknown> => JSON.parse(part(jwt, 1).toString())

/** Checks a JWT as Knox can: with the public key that it carries. */
function verifies(jwt: string): boolean {
  const { publicKey } = claimsOf(jwt)
  const key = {
    key: Buffer.from(String(publicKey), 'base64'),
    format: 'der',
    type: 'spki',
  } as const
  const input = Buffer.from(jwt.slice(0, jwt.lastIndexOf('.')))
  return verify('RSA-SHA512', input, createPublicKey(key), part(jwt, 2))
}

/** Signs the claims of both kinds of JWT with one key file. */
async function signBoth(
  text: string,
): Promise<readonly [clientIdentifier: string, access: string]> {
  const keys = parseKeysJson(text, { allowLegacyRsa: true })
  const { sign } = createSigner(keys)
  const common = { publicKey: keys.publicKeySpki, issuedAt: 1_760_000_000_000 }
  const clientIdentifier = clientIdentifierClaims({
    ...common,
    jti: newJti(),
    clientIdentifier: new Secret('client-identifier'),
    idp: { claim: 'idpAccessToken', value: new Secret('sa-token') },
  })
  const access = accessTokenClaims({
    ...common,
    jti: newJti(),
    accessToken: new Secret('kcs-token'),
  })
  return [await sign(clientIdentifier), await sign(access)]
}

describe.each([2048, 1024])('with an RSA key of %i bits', (bits) => {
  const pair = makeRsa(bits)
  const Private = base64Of(pair.privateKey, 'pkcs1')
  const Public = base64Of(pair.publicKey, 'spki')
  const file = join(directory, `${bits}.json`)
  writeFileSync(file, keysJson({ Private, Public }))
  const theirs = [
    samsung.generateSignedClientIdentifierJWT(file, 'client-identifier'),
    samsung.generateSignedAccessTokenJWT(file, 'kcs-token'),
  ] as const

  const files = [
    ...privateForms(pair).map(
      ([form, Private]) => [`private ${form}`, { Private, Public }] as const,
    ),
    ...publicForms(pair).map(([form, Public]) => [`public ${form}`, { Private, Public }] as const),
  ].map(([name, halves]) => [name, keysJson(halves)] as const)

  it('the library itself makes JWTs that the check accepts', () => {
    expect(theirs.map(verifies)).toEqual([true, true])
  })

  it.each(files)('%s: JWTs verify with the public key they carry', async (_form, text) => {
    const ours = await signBoth(text)

    expect(ours.map(verifies)).toEqual([true, true])
  })

  it.each(files)('%s: header bytes are those of the library', async (_form, text) => {
    const ours = await signBoth(text)

    expect(ours.map((jwt) => jwt.split('.')[0])).toEqual(theirs.map((jwt) => jwt.split('.')[0]))
  })

  it.each(files)('%s: claims are those of the library, in its order', async (_form, text) => {
    const [clientIdentifier, access] = await signBoth(text)

    const names = Object.keys(claimsOf(clientIdentifier))
    expect(names[1]).toBe('idpAccessToken')
    expect(names.toSpliced(1, 1)).toEqual(Object.keys(claimsOf(theirs[0])))
    expect(Object.keys(claimsOf(access))).toEqual(Object.keys(claimsOf(theirs[1])))
  })

  it.each(files)('%s: values are those of the library', async (_form, text) => {
    const ours = await signBoth(text)

    for (const [n, jwt] of ours.entries()) {
      const { iat, exp, jti, idpAccessToken: _idp, ...same } = claimsOf(jwt)
      const { iat: theirIat, exp: theirExp, jti: theirJti, ...expected } = claimsOf(theirs[n] ?? '')
      expect(same).toEqual(expected)
      expect(Number(exp) - Number(iat)).toBe(Number(theirExp) - Number(theirIat))
      expect(String(jti).replace(/[0-9a-f]/g, 'h')).toBe(String(theirJti).replace(/[0-9a-f]/g, 'h'))
    }
  })

  it('the public key beside the JWT is the one of the library', () => {
    expect(
      parseKeysJson(keysJson({ Private, Public }), { allowLegacyRsa: true }).publicKeySpki,
    ).toBe(samsung.generateBase64EncodedStringPublicKey(file))
  })
})
