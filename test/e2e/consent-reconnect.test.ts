import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type BrowserStack, startBrowserStack } from '../support/browser-stack.ts'
import { complete, consent, statusOf } from '../support/browser-walk.ts'

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())

/** Ada's connection, in a browser of hers. */
async function connected(tenantRef: string) {
  const visit = await stack.visit()
  const session = await stack.newSession({ tenant_ref: tenantRef })
  const { body } = await complete(stack, session, await consent(visit.page, session))
  return { visit, connection: body }
}

const read = async (id: string) => (await stack.call('GET', `/v1/connections/${id}`)).body
const token = async (id: string) => stack.call('POST', `/v1/connections/${id}/token`)

describe('reconnecting', () => {
  it('keeps the connection and its id, and heals it', async () => {
    const { visit, connection } = await connected('heals')
    stack.sandbox.control({ revokeConsent: 'ada' })
    expect((await token(connection.id)).status).toBe(409)
    expect(await read(connection.id)).toMatchObject({ status: 'consent_required' })
    const again = { tenant_ref: 'heals', connection_id: connection.id }
    const session = await stack.newSession(again)

    const { status, body } = await complete(stack, session, await consent(visit.page, session))

    expect(status).toBe(200)
    expect(body).toMatchObject({ id: connection.id, status: 'active', account: connection.account })
    expect((await token(connection.id)).status).toBe(200)
  })

  it('refuses another administrator and leaves the connection as it was', async () => {
    const { connection } = await connected('pinned')
    const before = await read(connection.id)
    const other = await stack.visit()
    const again = { tenant_ref: 'pinned', connection_id: connection.id }
    const session = await stack.newSession(again)
    const code = await consent(other.page, session, 'ben')

    const refused = await complete(stack, session, code)

    expect(refused).toMatchObject({ status: 409, body: { code: 'account_mismatch' } })
    expect(await statusOf(stack, session)).toBe('failed')
    expect(await read(connection.id)).toEqual(before)
    expect((await token(connection.id)).status).toBe(200)
  })

  it('takes another administrator where the portal allows it, and the page says so', async () => {
    const { connection } = await connected('moves')
    const other = await stack.visit()
    const again = { tenant_ref: 'moves', connection_id: connection.id }
    const session = await stack.newSession({ ...again, allow_account_change: true })
    await other.page.goto(session.connectUrl)
    const notes = other.page.getByRole('note')
    expect(await notes.allInnerTexts()).toEqual([
      expect.stringContaining('The Samsung Account may change.'),
    ])

    const code = await consent(other.page, session, 'ben')
    const { status, body } = await complete(stack, session, code)

    expect(status).toBe(200)
    expect(body).toMatchObject({ id: connection.id, account: { email: 'ben@marlow.example' } })
  })

  it('does not speak of another account where none is allowed', async () => {
    const { visit, connection } = await connected('plain')
    const again = { tenant_ref: 'plain', connection_id: connection.id }
    const { connectUrl } = await stack.newSession(again)

    await visit.page.goto(connectUrl)

    expect(await visit.page.getByRole('note').count()).toBe(0)
  })
})
