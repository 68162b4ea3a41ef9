import { beforeEach, expect, it } from '@jest/globals'
import { verifierPair } from '../unit/consent/support/world.ts'
import { createBrowser } from '../unit/portal/support/browser.ts'
import { createPortalWorld, type PortalWorld, RETURN_URL } from '../unit/portal/support/world.ts'
import { failing, HOUR, knoxError, tokenError } from '../unit/vault/support/samsung.ts'

/*
 * What a portal developer was promised (docs/api.md), in the order in which a customer lives through
 * it. Every answer here is one that somebody's code depends on.
 */

let world: PortalWorld

beforeEach(async () => {
  world = await createPortalWorld()
})

const { verifier, challenge } = verifierPair()

const createSession = (more: object = {}) =>
  world.call('POST', '/v1/connect-sessions').send({
    program: 'emm-eu',
    tenant_ref: 'tenant-1',
    return_url: RETURN_URL,
    code_challenge: challenge,
    ...more,
  })

async function connect(more: object = {}, code = 'ada') {
  const { body } = await createSession(more).expect(201)
  const { resultCode } = await createBrowser(world).consent(body.id, code)
  return world
    .call('POST', `/v1/connect-sessions/${body.id}/complete`)
    .send({ result_code: resultCode, code_verifier: verifier })
}

const of = (id: string, rest = '') => `/v1/connections/${id}${rest}`
const token = (id: string, body?: object) => world.call('POST', of(id, '/token')).send(body)

it('from consent over renewal and withdrawal to a new consent and the end', async () => {
  const connection = (await connect()).body
  expect(connection).toMatchObject({ status: 'active', renewable: true, account: { id: 'ada' } })
  const { id } = connection

  const first = await token(id).expect(200)
  expect(Object.keys(first.body).sort()).toEqual(['base_url', 'expires_at', 'headers', 'token_id'])
  await world.call('POST', of(id, '/verify')).expect(200)

  world.advance(2 * HOUR)
  const renewed = await token(id).expect(200)
  expect(renewed.body.token_id).not.toBe(first.body.token_id)
  expect(world.samsung.spent).toHaveLength(1)

  world.advance(2 * HOUR)
  world.samsung.refreshSteps.push(failing(tokenError('customer')))
  const refused = await token(id)
  expect(refused.status).toBe(409)
  expect(refused.body).toMatchObject({
    code: 'consent_required',
    connection_id: id,
    connect_url: `https://acme.example/reconnect?lang=en&connection_id=${id}`,
  })
  expect((await world.call('GET', of(id))).body.status).toBe('consent_required')

  expect((await createSession()).body.code).toBe('connection_exists')
  const again = await connect({ connection_id: id })
  expect(again.body).toMatchObject({ id, status: 'active', created_at: connection.created_at })
  expect((await token(id)).status).toBe(200)

  await world.call('DELETE', of(id)).expect(204)
  expect((await token(id)).status).toBe(404)
  expect((await world.call('GET', '/v1/connections')).body).toEqual({ data: [], next_cursor: null })
  expect((await connect()).body.id).not.toBe(id)
}, 20_000)

it('answers in snake_case, with times of RFC 3339 in UTC, everywhere', async () => {
  const connection = (await connect({ tenant_name: 'ACME' })).body
  world.samsung.mintSteps.push(failing(knoxError('transient', 'timeout')))
  const session = await createSession({ tenant_ref: 'tenant-2' })
  const answers = [
    connection,
    session.body,
    (await token(connection.id)).body,
    (await world.call('GET', of(connection.id))).body,
    (await token(connection.id)).body,
    (await world.call('POST', of(connection.id, '/verify'))).body,
    (await world.call('GET', '/v1/connections')).body,
    (await world.call('GET', `/v1/connect-sessions/${session.body.id}`)).body,
  ]

  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) visit(one)
    else if (typeof value === 'object' && value !== null) visitMembers(value)
  }
  const visitMembers = (value: object): void => {
    for (const [name, member] of Object.entries(value)) {
      if (name !== 'x-knox-apitoken') expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
      if (/_at$/.test(name) || name === 'at')
        expect(member).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(member).not.toBeUndefined()
      visit(member)
    }
  }
  visit(answers)
})

it('never returns a refresh token, an access token of Samsung Account, or a key', async () => {
  const connection = (await connect()).body
  world.advance(2 * HOUR)
  const texts = [
    (await token(connection.id)).text,
    (await world.call('GET', of(connection.id))).text,
    (await world.call('GET', '/v1/connections')).text,
    (await world.call('POST', of(connection.id, '/verify'))).text,
    (await world.call('DELETE', of(connection.id)).set('prefer', 'return=representation')).text,
  ]

  expect(texts.join()).not.toMatch(/access-\d|refresh-\d|v1\.[\w-]+\./)
})

it('gives a Knox token in one answer only', async () => {
  const { id } = (await connect()).body
  await token(id)

  const others = [
    await world.call('GET', of(id)),
    await world.call('GET', '/v1/connections'),
    await world.call('POST', of(id, '/verify')),
  ]
  for (const { text } of others) expect(text).not.toContain('knox-')
})
