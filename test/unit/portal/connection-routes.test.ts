import { beforeEach, describe, expect, it } from '@jest/globals'
import { documentKey } from '../../../src/vault/store.ts'
import { failing, HOUR, knoxError, MINUTE, tokenError } from '../vault/support/samsung.ts'
import { createPortalWorld, type PortalWorld } from './support/world.ts'

let world: PortalWorld
let id: string

beforeEach(async () => {
  world = await createPortalWorld()
  id = await world.connect()
})

const of = (rest = '', own = id) => `/v1/connections/${own}${rest}`
const token = (body?: object) => world.call('POST', of('/token')).send(body)
const view = async (own = id) => (await world.call('GET', of('', own)).expect(200)).body

const RECONNECT = (connectionId: string) =>
  `https://acme.example/reconnect?lang=en&connection_id=${connectionId}`

describe('a connection', () => {
  it('is shown as it is, without a secret', async () => {
    await token()
    const res = await world.call('GET', of()).expect(200)

    expect(res.body).toEqual({
      id,
      status: 'active',
      program: 'emm-eu',
      kind: 'samsung-account',
      tenant_ref: 'tenant-1',
      account: { id: 'ada' },
      renewable: true,
      created_at: expect.stringMatching(/^2026-11-20T17:/),
      updated_at: expect.stringMatching(/^2026-11-20T17:/),
    })
    expect(res.text).not.toMatch(/v1\.|access-|refresh-|knox-/)
  })

  it('that cannot be renewed says so and until when it lasts', async () => {
    const final = await world.connect({ tenantRef: 'tenant-2', renewable: false })

    expect(await view(final)).toMatchObject({
      renewable: false,
      consent_expires_at: new Date(world.clock() + HOUR).toISOString(),
    })
  })

  it('whose consent is over says why and where to send the customer', async () => {
    world.advance(2 * HOUR)
    world.samsung.refreshSteps.push(failing(tokenError('customer')))
    await token()

    expect(await view()).toMatchObject({
      status: 'consent_required',
      status_reason: 'refused',
      connect_url: RECONNECT(id),
      last_error: { code: 'consent_required', owner: 'customer', upstream_code: 'AUT_1' },
    })
  })

  it('whose record cannot be read is not called absent', async () => {
    const { document } = await world.store.read(documentKey(id))
    await world.store.compareAndSet(documentKey(id), document?.revision ?? 0, 'broken', 'w')

    const res = await world.call('GET', of())
    expect(res.status).toBe(503)
    expect(res.body).toMatchObject({ code: 'record_unreadable', owner: 'operator' })
  })

  it('is not called absent while the store is away', async () => {
    world.faulty.setDown(true)
    const routes = [
      ['GET', of()],
      ['DELETE', of()],
      ['POST', of('/token')],
      ['POST', of('/verify')],
    ] as const

    for (const [method, path] of routes) {
      const res = await world.call(method, path)
      expect(res.status).toBe(503)
      expect(res.body.code).toBe('store_unavailable')
      expect(res.headers['retry-after']).toBeDefined()
    }
    world.faulty.setDown(false)
    expect((await view()).status).toBe('active')
  })
})

describe('a token', () => {
  it('is handed out ready to be sent', async () => {
    const res = await token().expect(200)

    expect(res.body).toEqual({
      headers: { 'x-knox-apitoken': 'knox-2-of-ada' },
      base_url: 'https://eu-kcs-api.example',
      expires_at: new Date(world.clock() + 30 * MINUTE).toISOString(),
      token_id: expect.stringMatching(/^[\w-]{16}$/),
    })
    expect(res.headers['cache-control']).toBe('no-store')
    expect(res.headers['content-type']).toMatch(/^application\/json/)
  })

  it('is the same for the next caller, also with an empty body', async () => {
    const { body } = await token()

    expect((await token({})).body).toEqual(body)
    expect((await token({ min_ttl_seconds: 0 })).body).toEqual(body)
  })

  it.each([
    [1770, 200],
    [1771, 422],
    [1800, 422],
  ])('that lives %d seconds: %d', async (seconds, status) => {
    const res = await token({ min_ttl_seconds: seconds })

    expect(res.status).toBe(status)
    if (status === 422)
      expect(res.body.errors).toEqual([
        { field: '/min_ttl_seconds', rule: 'must be at most 1770 for this connection' },
      ])
  })

  it('that Knox refused is replaced', async () => {
    const { body } = await token()

    const again = await token({ rejected: body.token_id })

    expect(again.body.token_id).not.toBe(body.token_id)
  })

  it('is refused where the customer has to consent, with the way there', async () => {
    world.advance(2 * HOUR)
    world.samsung.refreshSteps.push(failing(tokenError('customer')))

    for (const res of [await token(), await token()]) {
      expect(res.status).toBe(409)
      expect(res.body).toMatchObject({
        code: 'consent_required',
        owner: 'customer',
        retryable: false,
        connection_id: id,
        connect_url: RECONNECT(id),
      })
    }
  })

  it.each([
    [knoxError('transient', 'rate_limited'), 503, 'upstream_rate_limited', 'samsung'],
    [knoxError('transient', 'timeout'), 504, 'upstream_timeout', 'samsung'],
    [knoxError('operator'), 502, 'upstream_refused_client', 'operator'],
    [knoxError('unknown'), 502, 'upstream_refused', 'samsung'],
  ])('that Samsung does not give (%s): %d', async (error, status, code, owner) => {
    world.samsung.mintSteps.push(failing(error))

    const res = await token()

    expect(res.status).toBe(status)
    expect(res.body).toMatchObject({ code, owner, upstream: { service: 'knox', code: '4000' } })
    expect((await view()).status).toBe('degraded')
  })

  it('is refused for a frozen connection', async () => {
    world.frozen.add(id)

    expect((await token()).body).toMatchObject({ code: 'connection_frozen', owner: 'operator' })
  })
})
