import { join } from 'node:path'
import { FLEETS, profilesOf } from '../../src/sandbox/knox/kme-data.ts'
import { ACCESS_TOKEN_PATH } from '../../src/sandbox/urls.ts'
import { CUSTOMER } from './browser-walk.ts'
import { expectEqual, expectPage } from './expect.ts'
import { libraryName, referenceShapes, shapeOf } from './reference-tokens.ts'
import { tapRequests } from './tap.ts'
import type { Walk } from './walk.ts'

const PROFILES = profilesOf(FLEETS[CUSTOMER.administrator.organisation]).map(({ name }) => name)

/** A Knox token is handed out and used; then everything that expires does. */
export async function walkTokens(walk: Walk): Promise<void> {
  await walk.step('Knox token handed out', () => compareWithLibrary(walk))
  await walk.step('profiles listed', async () => {
    await listProfiles(walk)
    return `${PROFILES.length}: ${PROFILES.join(', ')}`
  })
  await walk.step('SA token expired and renewed', () => expireAndRenew(walk))
}

/** Presses the portal's button: a token from knoxgate, and the portal's own call to Knox with it. */
export async function listProfiles({ browser }: Walk): Promise<void> {
  expectPage(
    await browser.press('profiles'),
    200,
    `${PROFILES.length} profiles: ${PROFILES.join(', ')}`,
  )
}

/** Both JWTs of a hand-out, as Samsung and as the portal get them, beside those of the library. */
async function compareWithLibrary({ demo, connection }: Walk): Promise<string> {
  const { idpTokenClaim } = demo.sandbox.registration.knox
  const reference = referenceShapes(join(String(demo.stack.env.CONFIG_DIR), 'keys/sandbox.json'))
  const tap = tapRequests(ACCESS_TOKEN_PATH)
  const { id } = await connection()
  const { status, body } = await demo.call('POST', `/v1/connections/${id}/token`)
  tap.remove()
  expectEqual('the token is handed out', status, 200)
  const sent = shapeOf(JSON.parse(tap.last()).clientIdentifierJwt, idpTokenClaim)
  expectEqual('the Client Identifier JWT at Samsung', sent, reference.clientIdentifier)
  const handedOut = shapeOf(body.headers['x-knox-apitoken'])
  expectEqual('the x-knox-apitoken', handedOut, reference.accessToken)
  return `${handedOut.lifetimeSeconds / 60} min; header and claims as ${libraryName()} makes them`
}

async function expireAndRenew(walk: Walk): Promise<string> {
  const { sandbox } = walk.demo
  sandbox.clearRecord()
  sandbox.control({ expireAccessTokens: true, expireKcsTokens: true })
  await listProfiles(walk)
  const { requests, issued, spent } = sandbox.record()
  const renewals = requests.filter(({ on }) => on === 'token')
  const said = renewals.map(({ grantType, status }) => `${grantType} ${status}`)
  expectEqual('requests to Samsung’s token endpoint', said, ['refresh_token 200'])
  const rotated = { issued: issued.refreshTokens, spent: spent.refreshTokens }
  expectEqual('refresh tokens', rotated, { issued: 1, spent: 1 })
  return 'one refresh at Samsung, the refresh token rotated; profiles listed again'
}
