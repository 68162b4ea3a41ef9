import { CUSTOMER } from './browser-walk.ts'
import { expectEqual, expectPage } from './expect.ts'
import type { Walk } from './walk.ts'
import { listProfiles } from './walk-tokens.ts'

const { id: administrator, organisation } = CUSTOMER.administrator

/** The customer takes back trust, and later consent: who is told what, and how it heals. */
export async function walkTroubles(walk: Walk): Promise<void> {
  const { step } = walk
  let connectUrl = ''

  await step('trust missing', () => loseTrust(walk))
  await step('trust present again', () => regainTrust(walk))
  await step('consent revoked', async () => {
    connectUrl = await revokeConsent(walk)
    return `409 consent_required → ${connectUrl}`
  })
  await step('reconnected', () => reconnect(walk, connectUrl))
}

async function loseTrust({ demo, browser, connection }: Walk): Promise<string> {
  const { partnerId } = demo.sandbox.registration.knox
  demo.sandbox.control({ trust: { [organisation]: false } })
  const { id } = await connection()
  const { status, body } = await demo.call('POST', `/v1/connections/${id}/verify`)
  const told = { status, code: body.code, partner_id: body.partner_id }
  expectEqual('verify', told, { status: 409, code: 'trust_missing', partner_id: partnerId })
  expectPage(await browser.press('verify'), 409, `partner ID in their Knox portal: ${partnerId}`)
  return `409 ${body.code}: enter partner ID ${partnerId} in the Knox portal`
}

async function regainTrust({ demo, browser, connection }: Walk): Promise<string> {
  demo.sandbox.control({ trust: { [organisation]: true } })
  expectPage(await browser.press('verify'), 200, 'the customer trusts this portal')
  const { status, trust } = await connection()
  expectEqual('the connection', { status, trust }, { status: 'active', trust: 'present' })
  return 'verify says present; nobody had to sign in again'
}

/** @returns Where to send the customer. */
async function revokeConsent({ demo, browser, connection }: Walk): Promise<string> {
  demo.sandbox.control({ revokeConsent: administrator })
  const page = await browser.press('profiles')
  expectPage(page, 409, 'sign in again', 'Reconnect Samsung Knox')
  const { id } = await connection()
  const { status, body } = await demo.call('POST', `/v1/connections/${id}/verify`)
  const told = { status, code: body.code, owner: body.owner, connect_url: body.connect_url }
  const connectUrl = `${demo.portal.url}/knox/connect?connection_id=${id}`
  const expected = { status: 409, code: 'consent_required', owner: 'customer' }
  expectEqual('verify', told, { ...expected, connect_url: connectUrl })
  expectEqual('the button leads there', page.html.includes(`href="${connectUrl}"`), true)
  return connectUrl
}

async function reconnect(walk: Walk, connectUrl: string): Promise<string> {
  const { browser, connection } = walk
  const { id } = await connection()
  const reconnectPage = await browser.open(connectUrl)
  expectPage(reconnectPage, 200, CUSTOMER.name, 'consent required')
  const consentPage = await browser.open(await browser.startConnecting(reconnectPage))
  const returned = await browser.open(await browser.allow(consentPage))
  expectPage(returned, 200, `Connected by ${CUSTOMER.administrator.email}`)
  const { id: sameId, status } = await connection()
  expectEqual('the connection', { id: sameId, status }, { id, status: 'active' })
  await listProfiles(walk)
  return `${id} as before; profiles listed again`
}
