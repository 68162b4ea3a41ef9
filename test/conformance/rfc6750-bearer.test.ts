import { beforeEach, describe, expect, it } from '@jest/globals'
import { acme, createPortalWorld, type PortalWorld } from '../unit/portal/support/world.ts'

let world: PortalWorld

beforeEach(async () => {
  world = await createPortalWorld()
})

const list = (authorization?: string) => {
  const request = world.send('GET', '/v1/connections')
  return authorization === undefined ? request : request.set('authorization', authorization)
}

describe('RFC 6750 §2: a key is taken', () => {
  it.each(['Bearer', 'bearer', 'BEARER'])(
    'after the scheme %s (RFC 9110 §11.1)',
    async (scheme) => {
      expect((await list(`${scheme} ${acme.apiKey}`)).status).toBe(200)
    },
  )

  it('after one space or more (§2.1)', async () => {
    expect((await list(`Bearer   ${acme.apiKey}`)).status).toBe(200)
    expect((await list(`Bearer${acme.apiKey}`)).status).toBe(401)
  })

  it('never from a form (§2.2)', async () => {
    const res = await world
      .send('POST', '/v1/connect-sessions')
      .set('content-type', 'application/x-www-form-urlencoded')
      .send(`access_token=${acme.apiKey}`)

    expect(res.status).toBe(401)
  })

  it('never from the address, where logs would keep it (§2.3)', async () => {
    const path = `/v1/connections?access_token=${acme.apiKey}`

    expect((await world.send('GET', path)).status).toBe(401)
    expect((await world.call('GET', path)).status).toBe(422)
    expect(JSON.stringify(world.events('request'))).not.toContain(acme.apiKey)
  })
})

describe('RFC 6750 §3: the challenge', () => {
  it('comes with every 401, and names no error where no key was sent', async () => {
    const res = await list()

    expect(res.status).toBe(401)
    expect(res.headers['www-authenticate']).toBe('Bearer realm="knoxgate"')
  })

  it('says nothing of what was wrong with a key', async () => {
    const wrong = [`Bearer kg_unknown_${'A'.repeat(43)}`, `Bearer ${acme.apiKey.slice(0, -1)}`]
    for (const authorization of wrong) {
      const res = await list(authorization)

      expect(res.status).toBe(401)
      expect(res.headers['www-authenticate']).toBe('Bearer realm="knoxgate"')
    }
  })

  it('says insufficient_scope with 403 (§3.1)', async () => {
    const res = await list(`Bearer ${acme.without.get('connections:read')}`)

    expect(res.status).toBe(403)
    expect(res.headers['www-authenticate']).toBe(
      'Bearer realm="knoxgate", error="insufficient_scope"',
    )
  })
})

it('RFC 6750 §5.3: an answer to a key is not kept', async () => {
  expect((await list(`Bearer ${acme.apiKey}`)).headers['cache-control']).toBe('no-store')
})
