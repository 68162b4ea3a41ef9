import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { createBrowser } from '../unit/portal/support/browser.ts'
import { createPortalWorld, type PortalWorld, RETURN_URL } from '../unit/portal/support/world.ts'

/** RFC 7636, appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

let world: PortalWorld

beforeEach(async () => {
  world = await createPortalWorld()
})

const begin = (codeChallenge: unknown, more: object = {}) =>
  world.call('POST', '/v1/connect-sessions').send({
    program: 'emm-eu',
    tenant_ref: 'tenant-1',
    return_url: RETURN_URL,
    code_challenge: codeChallenge,
    ...more,
  })

async function complete(codeChallenge: string, codeVerifier: string) {
  const { body } = await begin(codeChallenge).expect(201)
  const { resultCode } = await createBrowser(world).consent(body.id)
  return world
    .call('POST', `/v1/connect-sessions/${body.id}/complete`)
    .send({ result_code: resultCode, code_verifier: codeVerifier })
}

const s256 = (verifier: string) =>
  createHash('sha256').update(verifier, 'ascii').digest('base64url')

describe('a code verifier (RFC 7636 §4.1, §4.6)', () => {
  it('of appendix B fits the challenge of appendix B', async () => {
    expect((await complete(CHALLENGE, VERIFIER)).status).toBe(200)
  })

  it('of any permitted length and character fits its challenge', async () => {
    const unreserved = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'
    for (const verifier of [unreserved, unreserved.slice(-43), unreserved.padEnd(128, '~')]) {
      world = await createPortalWorld()
      expect((await complete(s256(verifier), verifier)).status).toBe(200)
    }
  })

  it('that is another is refused, and the code is not spent', async () => {
    const res = await complete(CHALLENGE, `${VERIFIER.slice(0, -1)}l`)

    expect(res.status).toBe(422)
    expect(world.samsung.codes).toEqual([])
  })

  it('is never compared in the clear: the method plain does not work', async () => {
    expect((await complete(CHALLENGE, CHALLENGE)).status).toBe(422)
    expect((await begin(CHALLENGE, { code_challenge_method: 'plain' })).status).toBe(422)
  })
})

describe('a code challenge (RFC 7636 §4.2)', () => {
  it.each([
    undefined,
    '',
    CHALLENGE.slice(1),
    `${CHALLENGE}=`,
    `${CHALLENGE}A`,
    CHALLENGE.replace('-', '+'),
    VERIFIER.padEnd(64, 'x'),
  ])('has to be there, of 43 characters of base64url: not %j', async (challenge) => {
    const res = await begin(challenge)

    expect(res.status).toBe(422)
    expect(res.body.errors[0].field).toBe('/code_challenge')
  })
})
