import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { amsBody, getKme, obtainKcsToken, postAms, signJwt } from '../unit/sandbox/support/knox.ts'
import { callKnox, postProgram } from '../unit/sandbox/support/programs.ts'
import { obtainTokens } from '../unit/sandbox/support/samsung-account.ts'
import { keys, startSandbox } from '../unit/sandbox/support/sandbox.ts'

/** The functions of Samsung's own library that are used here. */
interface KnoxTokenLibrary {
  generateSignedClientIdentifierJWT(certificateFile: string, clientIdentifier: string): string
  generateSignedAccessTokenJWT(certificateFile: string, accessToken: string): string
  generateBase64EncodedStringPublicKey(certificateFile: string): string
}

// Holds because the library's source has these functions with these parameters.
const library = createRequire(import.meta.url)('knox-token-library-js') as KnoxTokenLibrary

const dir = mkdtempSync(join(tmpdir(), 'sandbox-conformance-'))
const keysFile = join(dir, 'keys.json')
writeFileSync(keysFile, JSON.stringify(keys), { mode: 0o600 })
afterAll(() => rmSync(dir, { recursive: true }))

/** The library signs with the system's time, so the sandbox has to stand there too. */
const clock = { now: Date.now() }

const claimsOf = (jwt: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

async function ready() {
  const sandbox = await startSandbox({}, clock)
  const { access_token: idpToken } = await obtainTokens(sandbox)
  const jwt = library.generateSignedClientIdentifierJWT(
    keysFile,
    sandbox.registration.knox.clientIdentifier,
  )
  return { sandbox, idpToken, jwt }
}

describe("Samsung's knox-token-library-js against the sandbox", () => {
  it('names the public key as the sandbox registered it', () => {
    expect(library.generateBase64EncodedStringPublicKey(keysFile)).toBe(keys.Public)
  })

  it('makes Client Identifier JWTs that AMS faults for the Samsung Account token alone', async () => {
    const { sandbox, jwt } = await ready()

    const res = await postAms(sandbox, amsBody(jwt))

    expect(res.status).toBe(401)
    expect(await res.json()).toMatchObject({
      code: 4012250,
      data: 'claim idpAccessToken is not populated',
    })
  })

  it("gets a Knox token with the library's claims and the Samsung Account token", async () => {
    const { sandbox, jwt, idpToken } = await ready()
    const claims = claimsOf(jwt)

    const res = await postAms(sandbox, amsBody(signJwt({ ...claims, idpAccessToken: idpToken })))

    expect(Object.keys(claims)).toEqual([
      'clientIdentifier',
      'publicKey',
      'iat',
      'exp',
      'aud',
      'jti',
    ])
    expect(res.status).toBe(200)
  })

  it('calls Knox Mobile Enrollment with an access token that the library signed', async () => {
    const sandbox = await startSandbox({}, clock)
    const kcsToken = await obtainKcsToken(sandbox, clock, 'ben')

    const res = await getKme(sandbox, library.generateSignedAccessTokenJWT(keysFile, kcsToken))

    expect(res.status).toBe(200)
    expect(await res.json()).toMatchObject({ totalCount: 2 })
  })

  it('does all that an MSP has to do, from the Client Identifier to a customer’s devices', async () => {
    const sandbox = await startSandbox({}, clock)
    const world = { sandbox, clock }
    const { clientIdentifier } = sandbox.registration.programs.msp
    const jwt = library.generateSignedClientIdentifierJWT(keysFile, clientIdentifier)

    const exchanged = await postProgram(world, amsBody(jwt))
    const { accessToken } = (await exchanged.json()) as { accessToken: string }
    const signed = library.generateSignedAccessTokenJWT(keysFile, accessToken)
    const res = await callKnox(world, '/kcs/v1/kme/devices/list', signed, '4700000001')

    expect(await res.json()).toMatchObject({ totalCount: 2 })
  })

  it('is refused by Knox Mobile Enrollment with a token that AMS did not issue', async () => {
    const sandbox = await startSandbox({}, clock)

    const res = await getKme(sandbox, library.generateSignedAccessTokenJWT(keysFile, 'made-up'))

    expect(await res.json()).toMatchObject({ code: 4032252 })
  })
})
