import { beforeEach, describe, expect, it } from '@jest/globals'
import { sendRaw } from '../../support/raw-http.ts'
import { verifierPair } from '../consent/support/world.ts'
import {
  acme,
  bound,
  createPortalWorld,
  other,
  type PortalWorld,
  RETURN_URL,
} from './support/world.ts'

let world: PortalWorld

beforeEach(async () => {
  world = await createPortalWorld()
})

const PATH = '/v1/connect-sessions'
const BODY = {
  program: 'emm-eu',
  tenant_ref: 'tenant-1',
  return_url: RETURN_URL,
  code_challenge: verifierPair().challenge,
}

const create = (key: string, { apiKey = acme.apiKey, body = {} } = {}) =>
  world
    .call('POST', PATH, apiKey)
    .set('idempotency-key', key)
    .send({ ...BODY, ...body })

describe('a connect session with an Idempotency-Key', () => {
  it('is created once, and its answer is repeated with a word that it is one', async () => {
    const first = await create('retry-1').expect(201)
    const writes = world.writes()
    const second = await create('"retry-1"').expect(201)

    expect(first.headers).not.toHaveProperty('idempotency-replayed')
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.text).toBe(first.text)
    for (const name of ['location', 'content-type', 'cache-control'])
      expect(second.headers[name]).toBe(first.headers[name])
    expect(first.headers).toMatchObject({
      location: `${PATH}/${first.body.id}`,
      'content-type': 'application/json; charset=utf-8',
    })
    expect(world.writes()).toBe(writes)
  })

  it('is the same for a body that is written otherwise', async () => {
    const first = await create('retry-1').expect(201)
    const { program, ...rest } = BODY

    const second = await world
      .call('POST', PATH)
      .set('idempotency-key', 'retry-1')
      .set('content-type', 'application/json')
      .send(JSON.stringify({ ...rest, program }, null, 2))

    expect([second.status, second.body.id]).toEqual([201, first.body.id])
  })

  it('is refused with another body, and the first answer stays', async () => {
    const first = await create('retry-1').expect(201)

    const reused = await create('retry-1', { body: { tenant_ref: 'tenant-2' } })

    expect(reused.status).toBe(422)
    expect(reused.body).toMatchObject({ code: 'idempotency_key_reused', retryable: false })
    expect((await create('retry-1')).body).toEqual(first.body)
  })

  it('is another one for another API key of the portal, another portal, and no key', async () => {
    const body = { program: 'emm-us' }
    const answers = [
      await create('retry-1', { body }),
      await create('retry-1', { body, apiKey: bound.apiKey }),
      await create('retry-1', { body, apiKey: other.apiKey }),
      await world.call('POST', PATH).send({ ...BODY, ...body }),
    ]

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(4)
    for (const { headers } of answers) expect(headers).not.toHaveProperty('idempotency-replayed')
  })

  it('may be put right under the same key, as long as it was refused', async () => {
    expect((await create('retry-1', { body: { locale: 7 } })).body.code).toBe('invalid_request')
    const unknown = await create('retry-1', { body: { return_url: 'https://evil.example/' } })
    expect(unknown.body.code).toBe('invalid_request')

    const made = await create('retry-1')

    expect([made.status, made.headers['idempotency-replayed']]).toEqual([201, undefined])
  })

  it('that was refused is made when the reason is gone', async () => {
    const id = await world.connect()
    expect((await create('retry-1')).body.code).toBe('connection_exists')

    await world.call('DELETE', `/v1/connections/${id}`).expect(204)

    expect((await create('retry-1')).status).toBe(201)
  })

  it('needs the scope also to be repeated', async () => {
    const apiKey = acme.without.get('connect') ?? ''

    expect((await create('retry-1', { apiKey })).body.code).toBe('insufficient_scope')
  })

  it.each(['', 'a b', 'a,b', '"a', 'x'.repeat(256)])(
    'is refused, by the name of the header, when the key is %j',
    async (key) => {
      const writes = world.writes()
      const res = await create(key)

      expect([res.status, res.body.code]).toEqual([422, 'invalid_request'])
      expect(res.body.errors).toEqual([{ field: 'Idempotency-Key', rule: expect.any(String) }])
      expect(world.writes()).toBe(writes)
    },
  )

  it('is refused when the header comes twice', async () => {
    const body = JSON.stringify(BODY)
    const answer = await sendRaw(
      world.url,
      [
        `POST ${PATH} HTTP/1.1`,
        'Host: knoxgate.test',
        `Authorization: Bearer ${acme.apiKey}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Idempotency-Key: a',
        'Idempotency-Key: a',
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    )

    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'malformed_request',
      detail: 'Idempotency-Key is given more than once',
    })
  })

  it('is refused for a moment while the store is away, and made afterwards', async () => {
    world.faulty.setDown(true)
    expect((await create('retry-1')).body.code).toBe('store_unavailable')
    world.faulty.setDown(false)

    expect((await create('retry-1')).status).toBe(201)
  })
})
