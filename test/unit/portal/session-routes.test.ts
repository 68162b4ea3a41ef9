import { beforeEach, describe, expect, it } from '@jest/globals'
import { verifierPair } from '../consent/support/world.ts'
import { failing, tokenError } from '../vault/support/samsung.ts'
import { createBrowser, type TestBrowser } from './support/browser.ts'
import { createPortalWorld, other, type PortalWorld, RETURN_URL } from './support/world.ts'

let world: PortalWorld
let browser: TestBrowser

beforeEach(async () => {
  world = await createPortalWorld()
  browser = createBrowser(world)
})

const { verifier, challenge } = verifierPair()
const BODY = {
  program: 'emm-eu',
  tenant_ref: 'tenant-1',
  tenant_name: 'ACME Inc.',
  return_url: RETURN_URL,
  code_challenge: challenge,
}

const create = (changes: Readonly<Record<string, unknown>> = {}) =>
  world.call('POST', '/v1/connect-sessions').send({ ...BODY, ...changes })
const get = async (id: string) => (await world.call('GET', `/v1/connect-sessions/${id}`)).body
const complete = (id: string, resultCode: string, codeVerifier = verifier) =>
  world
    .call('POST', `/v1/connect-sessions/${id}/complete`)
    .send({ result_code: resultCode, code_verifier: codeVerifier })

/** A session whose customer is back. */
async function consented(changes: Readonly<Record<string, unknown>> = {}, code = 'ada') {
  const { body } = await create(changes).expect(201)
  const { resultCode } = await browser.consent(body.id, code)
  return { id: String(body.id), resultCode }
}

const inSeconds = (seconds: number) => new Date(world.clock() + seconds * 1000).toISOString()

describe('a connect session', () => {
  it('is created with the link for the customer', async () => {
    const res = await create()

    expect(res.status).toBe(201)
    expect(res.body).toEqual({
      id: expect.stringMatching(/^cs_[0-9a-z]{32}$/),
      status: 'pending',
      connect_url: `https://connect.example.com/connect/${res.body.id}`,
      expires_at: inSeconds(600),
    })
    expect(res.headers.location).toBe(`/v1/connect-sessions/${res.body.id}`)
  })

  it.each([
    [{ program: 'nothing' }, '/program'],
    [{ return_url: `${RETURN_URL}?a=1` }, '/return_url'],
    [{ return_url: 'https://evil.example/' }, '/return_url'],
  ])('is refused for %j', async (changes, field) => {
    const res = await create(changes)

    expect(res.status).toBe(422)
    expect(res.body.errors).toEqual([{ field, rule: expect.any(String) }])
  })

  it('for a customer who is connected names the connection', async () => {
    const id = await world.connect()

    const res = await create()

    expect(res.status).toBe(409)
    expect(res.body).toMatchObject({ code: 'connection_exists', connection_id: id })
  })

  it.each(['sentinel', `cs_${'0'.repeat(32)}`, 'emm-eu', 'a}:{b'])(
    'is refused, not failed, for the connection_id %j',
    async (connection_id) => {
      const res = await create({ connection_id })

      expect(res.status).toBe(422)
      expect(res.body.errors[0].field).toBe('/connection_id')
    },
  )

  it('can be followed through its life', async () => {
    const { body } = await create()
    expect(await get(body.id)).toEqual({
      id: body.id,
      status: 'pending',
      expires_at: inSeconds(600),
    })

    const { resultCode } = await browser.consent(body.id)
    expect(await get(body.id)).toEqual({
      id: body.id,
      status: 'awaiting_completion',
      expires_at: inSeconds(600),
      complete_by: inSeconds(240),
    })

    const { body: connection } = await complete(body.id, resultCode)
    expect(await get(body.id)).toEqual({
      id: body.id,
      status: 'completed',
      expires_at: inSeconds(600),
      connection_id: connection.id,
    })
  })

  it('that nobody used expires, and can be read for a day', async () => {
    const { body } = await create()
    world.advance(600_000)
    expect(await get(body.id)).toMatchObject({ status: 'expired' })

    world.advance(24 * 3_600_000)
    expect(await get(body.id)).toMatchObject({ code: 'not_found' })
  })

  it('that was denied says so', async () => {
    const { body } = await create()

    await browser.deny(body.id)

    expect(await get(body.id)).toMatchObject({ status: 'denied', error: 'access_denied' })
    expect((await complete(body.id, 'r'.repeat(43))).body.code).toBe('session_ended')
  })
})

describe('completing', () => {
  it('answers with the connection', async () => {
    const { id, resultCode } = await consented()

    const res = await complete(id, resultCode)

    expect(res.status).toBe(200)
    expect(res.body).toEqual({
      id: expect.stringMatching(/^conn_/),
      status: 'active',
      program: 'emm-eu',
      kind: 'samsung-account',
      tenant_ref: 'tenant-1',
      tenant_name: 'ACME Inc.',
      account: { id: 'ada', email: 'ada@example.com' },
      renewable: true,
      created_at: inSeconds(0),
      updated_at: inSeconds(0),
    })
    expect((await complete(id, resultCode)).body).toEqual(res.body)
  })

  it('too early says when to come back', async () => {
    const { body } = await create()

    const res = await complete(body.id, 'r'.repeat(43))

    expect(res.status).toBe(409)
    expect(res.body).toMatchObject({ code: 'session_not_ready', retryable: true })
    expect(res.headers['retry-after']).toBe('2')
  })

  it('with a wrong half of the proof names both, and does not end the session', async () => {
    const { id, resultCode } = await consented()
    const wrong = [
      await complete(id, 'x'.repeat(43)),
      await complete(id, resultCode, 'x'.repeat(43)),
    ]

    for (const res of wrong) {
      expect(res.status).toBe(422)
      expect(res.body.errors.map(({ field }: { field: string }) => field)).toEqual([
        '/result_code',
        '/code_verifier',
      ])
    }
    expect((await complete(id, resultCode)).status).toBe(200)
  })

  it('by another portal finds nothing', async () => {
    const { id, resultCode } = await consented()

    const res = await world
      .call('POST', `/v1/connect-sessions/${id}/complete`, other.apiKey)
      .send({ result_code: resultCode, code_verifier: verifier })

    expect(res.status).toBe(404)
    expect(world.samsung.codes).toEqual([])
  })

  it('late says that the customer has to start again', async () => {
    const { id, resultCode } = await consented()
    world.advance(240_000)

    expect((await complete(id, resultCode)).body).toMatchObject({
      code: 'code_expired',
      owner: 'customer',
    })
    expect(await get(id)).toMatchObject({ status: 'expired' })
  })

  it('that Samsung refused says so from then on', async () => {
    const { id, resultCode } = await consented()
    world.samsung.codeSteps.push(failing(tokenError('customer')))

    expect((await complete(id, resultCode)).body.code).toBe('code_expired')

    expect(await get(id)).toEqual({
      id,
      status: 'failed',
      expires_at: inSeconds(600),
      error: 'code_expired',
    })
    expect((await complete(id, resultCode)).body.code).toBe('session_ended')
  })

  it('with another account than before names the connection and changes nothing', async () => {
    const connectionId = await world.connect()
    const { id, resultCode } = await consented({ connection_id: connectionId }, 'ben')

    const res = await complete(id, resultCode)

    expect(res.status).toBe(409)
    expect(res.body).toMatchObject({ code: 'account_mismatch', connection_id: connectionId })
    expect((await world.bindingOf(connectionId)).account?.id).toBe('ada')
  })
})
