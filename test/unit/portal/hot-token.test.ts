import { beforeEach, describe, expect, it } from '@jest/globals'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { HOUR } from '../vault/support/samsung.ts'
import { acme, createPortalWorld, other, type PortalWorld } from './support/world.ts'

let world: PortalWorld
let id: string

beforeEach(async () => {
  world = await createPortalWorld()
  id = await world.connect()
})

const token = (apiKey = acme.apiKey, rest = '') =>
  world.call('POST', `/v1/connections/${id}/token${rest}`, apiKey)

/** Requests that went through the application, which logs each. */
const longWays = () => world.events('request').length

/** Asks until the token is at hand. */
async function warm() {
  const first = await token().expect(200)
  await token()
  return first
}

it('gives the same answer as the long way', async () => {
  const long = await warm()
  const ways = longWays()

  const short = await token()

  expect(longWays()).toBe(ways)
  expect(short.status).toBe(200)
  expect(short.body).toEqual(long.body)
  const { date: _, 'x-trace-id': __, ratelimit: before, ...expected } = long.headers
  const { date: ___, ratelimit: after, ...headers } = short.headers
  expect(headers).toEqual(expected)
  // Two calls later.
  expect([before, after]).toEqual(['"connection";r=4999;t=10', '"connection";r=4997;t=10'])
})

it('also gives it after asking the store only whether the record is still the same', async () => {
  const { body } = await warm()
  const before = longWays()
  world.advance(5000)

  expect((await token()).body).toEqual(body)

  expect(longWays()).toBe(before)
})

describe('takes the long way', () => {
  it.each([
    ['a query', () => token(acme.apiKey, '?a=1'), 422],
    ['a body', () => token().send({ min_ttl_seconds: 10 }), 200],
    ['a wrong body', () => token().send({ invented: 1 }), 422],
    ['another method', () => world.call('GET', `/v1/connections/${id}/token`), 405],
    ['a wrong key', () => token(`kg_unknown_${'A'.repeat(43)}`), 401],
    ['a key without the scope', () => token(acme.without.get('tokens')), 403],
    ['another portal’s key', () => token(other.apiKey), 404],
    ['an address with a slash more', () => token(acme.apiKey, '/'), undefined],
    ['no key', () => world.send('POST', `/v1/connections/${id}/token`), 401],
  ])('for %s', async (_, ask, status) => {
    await warm()
    const before = longWays()

    const res = await ask()

    expect(longWays()).toBe(before + 1)
    if (status !== undefined) expect(res.status).toBe(status)
  })

  it('while the store is away, which answers with a problem document', async () => {
    await warm()
    world.advance(1000)
    world.faulty.setDown(true)

    const res = await token()

    expect(res.status).toBe(503)
    expect(res.body.code).toBe('store_unavailable')
  })
})

it('serves a second without the store, and no longer than the record is what it was', async () => {
  const { body } = await warm()
  world.faulty.setDown(true)
  world.advance(999)
  expect((await token()).body).toEqual(body)
  world.faulty.setDown(false)

  await world.connections.remove(id, tombstoneOf)
  world.advance(1)

  expect((await token()).status).toBe(404)
})

it('does not serve a deleted connection for even a second where it was deleted', async () => {
  await warm()

  await world.call('DELETE', `/v1/connections/${id}`).expect(204)

  expect((await token()).status).toBe(404)
})

it('never serves a token that is due for replacement', async () => {
  const { body } = await warm()
  world.advance(2 * HOUR)

  const later = await token()

  expect(later.status).toBe(200)
  expect(later.body.token_id).not.toBe(body.token_id)
})
