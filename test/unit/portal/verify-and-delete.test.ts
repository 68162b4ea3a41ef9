import { beforeEach, describe, expect, it } from '@jest/globals'
import { reconnect } from '../../../src/vault/connection-transitions.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { failing, knoxError } from '../vault/support/samsung.ts'
import { acme, createPortalWorld, type PortalWorld } from './support/world.ts'

let world: PortalWorld
let id: string

beforeEach(async () => {
  world = await createPortalWorld()
  id = await world.connect()
})

const of = (rest = '', own = id) => `/v1/connections/${own}${rest}`
const token = () => world.call('POST', of('/token'))
const verify = () => world.call('POST', of('/verify'))
const view = async (own = id) => (await world.call('GET', of('', own)).expect(200)).body

describe('verify', () => {
  it('asks Knox once and says that it works', async () => {
    const res = await verify().expect(200)

    expect(res.body).toMatchObject({
      trust: 'present',
      checked_at: new Date(world.clock()).toISOString(),
      connection: { id, status: 'active', trust: 'present' },
    })
  })

  it('says what the customer has to do where there is no trust', async () => {
    world.samsung.verifySteps.push(failing(knoxError('trust', 'refused', '4030100')))

    const res = await verify()

    expect(res.status).toBe(409)
    expect(res.body).toMatchObject({
      code: 'trust_missing',
      owner: 'customer',
      partner_id: '1234567890',
      customer_message: expect.stringContaining('1234567890'),
      upstream: { service: 'knox', code: '4030100' },
    })
    expect(await view()).toMatchObject({ status: 'trust_missing', trust: 'missing' })
  })

  it('goes on handing out tokens without trust, and notices when there is trust', async () => {
    world.samsung.verifySteps.push(failing(knoxError('trust')))
    await verify()

    expect((await token()).status).toBe(200)
    expect((await verify()).status).toBe(200)
    expect((await view()).status).toBe('active')
  })

  it('takes a new token once when Knox refuses the one that was kept', async () => {
    const { body } = await token()
    world.samsung.verifySteps.push(failing(knoxError('knox_token')))

    await verify().expect(200)

    expect((await token()).body.token_id).not.toBe(body.token_id)
    expect(world.samsung.exchanged).toHaveLength(2)
  })

  it('takes a new token however recently one was replaced', async () => {
    for (let i = 0; i < 3; i++) {
      world.samsung.verifySteps.push(failing(knoxError('knox_token')))

      await verify().expect(200)
    }

    expect(world.samsung.exchanged).toHaveLength(1 + 3)
  })

  it('does not take a third token', async () => {
    world.samsung.verifySteps.push(
      failing(knoxError('knox_token')),
      failing(knoxError('knox_token')),
    )

    expect((await verify()).body.code).toBe('upstream_refused')
    expect(world.samsung.exchanged).toHaveLength(2)
  })

  it('does not blame the customer for what is Samsung’s', async () => {
    world.samsung.verifySteps.push(failing(knoxError('transient', 'timeout')))

    expect((await verify()).status).toBe(504)
    expect(await view()).not.toHaveProperty('trust')
  })

  it('does not note what a token of the old consent showed', async () => {
    world.samsung.verifySteps.push({
      before: async () => {
        const connection = await world.connectionOf(id)
        const tokens = { ...consentBinding(connection).tokenSet, rotated: false }
        await world.connections.update(id, (one, now) =>
          reconnect(one, { tokens: tokens as never, attempt: 'consent-2' }, now),
        )
        throw knoxError('trust')
      },
    })

    await verify()

    expect(await view()).not.toHaveProperty('trust')
  })
})

describe('deleting', () => {
  it('is done at once, and the second time there is nothing', async () => {
    await token()

    const res = await world.call('DELETE', of())

    expect(res.status).toBe(204)
    expect(res.text).toBe('')
    expect(res.headers['knoxgate-upstream-revoked']).toBe('false')
    for (const [method, path] of [
      ['DELETE', of()],
      ['GET', of()],
      ['POST', of('/token')],
      ['POST', of('/verify')],
    ] as const)
      expect((await world.call(method, path)).status).toBe(404)
  })

  it('says what the customer can do to whom asks for it', async () => {
    const res = await world.call('DELETE', of()).set('prefer', 'return=representation')

    expect(res.status).toBe(200)
    expect(res.body).toEqual({
      id,
      upstream_revoked: false,
      customer_message: expect.stringContaining('Samsung Account'),
    })
  })

  it('leaves the customer free to connect anew', async () => {
    await world.call('DELETE', of()).expect(204)

    const again = await world.connect()

    expect(await view(again)).toMatchObject({ tenant_ref: 'tenant-1' })
    expect(acme.portal.programs).toContain('emm-eu')
  })

  it('leaves no token in the store', async () => {
    await token()

    await world.call('DELETE', of()).expect(204)

    const { document } = await world.store.read(documentKey(id))
    expect(document?.text).not.toMatch(/v1\.|tenant-1|ada/)
  })
})
