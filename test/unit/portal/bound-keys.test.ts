import { beforeEach, describe, expect, it } from '@jest/globals'
import { verifierPair } from '../consent/support/world.ts'
import { bound, createPortalWorld, type PortalWorld, RETURN_URL } from './support/world.ts'

/** A key that is bound to emm-us, of a portal that has emm-eu as well. */
let world: PortalWorld
let opened: string
let closed: string

beforeEach(async () => {
  world = await createPortalWorld()
  opened = await world.connect({ program: 'emm-us' })
  closed = await world.connect({ tenantRef: 'tenant-2' })
})

const call = (method: string, path: string) => world.call(method, path, bound.apiKey)
const stable = ({ trace_id: _, ...body }: Record<string, unknown>) => body

const ROUTES = [
  ['GET', ''],
  ['POST', '/token'],
  ['POST', '/verify'],
  ['DELETE', ''],
] as const

describe('a connection of another program', () => {
  it.each(ROUTES)(
    'is as absent as one that is not there: %s /v1/connections/{id}%s',
    async (method, rest) => {
      // A token that is at hand must not be an exception.
      await world.call('POST', `/v1/connections/${closed}/token`)
      const foreign = await call(method, `/v1/connections/${closed}${rest}`)
      const nothing = await call(method, `/v1/connections/conn_${'0'.repeat(32)}${rest}`)

      expect([foreign.status, stable(foreign.body)]).toEqual([404, stable(nothing.body)])
      expect((await world.call('GET', `/v1/connections/${closed}`)).status).toBe(200)
    },
  )

  it('is not listed, by no filter', async () => {
    for (const query of ['', '?program=emm-eu', '?tenant_ref=tenant-2', '?status=active']) {
      const { body } = await call('GET', `/v1/connections${query}`)
      const ids = body.data.map(({ id }: { id: string }) => id)
      expect(ids).toEqual(query === '' || query === '?status=active' ? [opened] : [])
    }
  })
})

describe('a connection of the key’s own program', () => {
  it.each(ROUTES)('is there: %s /v1/connections/{id}%s', async (method, rest) => {
    for (let i = 0; i < (method === 'DELETE' ? 1 : 2); i++) {
      const { status } = await call(method, `/v1/connections/${opened}${rest}`)
      expect(status).toBe(method === 'DELETE' ? 204 : 200)
    }
  })
})

describe('a connect session', () => {
  const wish = (program: string) => ({
    program,
    tenant_ref: 'tenant-9',
    return_url: RETURN_URL,
    code_challenge: verifierPair().challenge,
  })

  it('cannot be made for another program, as if the portal did not have it', async () => {
    const refused = await call('POST', '/v1/connect-sessions').send(wish('emm-eu'))
    const unknown = await call('POST', '/v1/connect-sessions').send(wish('nothing'))

    expect(refused.status).toBe(422)
    expect(stable(refused.body)).toEqual(stable(unknown.body))
    expect((await call('POST', '/v1/connect-sessions').send(wish('emm-us'))).status).toBe(201)
  })

  it('of another program is as absent as one that is not there', async () => {
    const { body } = await world.call('POST', '/v1/connect-sessions').send(wish('emm-eu'))
    const proof = { result_code: 'r'.repeat(43), code_verifier: 'v'.repeat(43) }

    expect((await call('GET', `/v1/connect-sessions/${body.id}`)).status).toBe(404)
    const completion = await call('POST', `/v1/connect-sessions/${body.id}/complete`).send(proof)
    expect(completion.status).toBe(404)
    expect((await world.call('GET', `/v1/connect-sessions/${body.id}`)).status).toBe(200)
  })
})
