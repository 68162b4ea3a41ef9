import { beforeEach, describe, expect, it } from '@jest/globals'
import { failing, knoxError } from '../vault/support/samsung.ts'
import { acme, createPortalWorld, other, type PortalWorld, RETURN_URL } from './support/world.ts'

let world: PortalWorld

beforeEach(async () => {
  world = await createPortalWorld()
})

const BODY = { program: 'msp-eu', tenant_ref: 'tenant-2', managed_tenant_id: '4712-ab' }

const create = (changes: Readonly<Record<string, unknown>> = {}, apiKey = acme.apiKey) =>
  world.call('POST', '/v1/connections', apiKey).send({ ...BODY, ...changes })

const shared = (apiKey = acme.apiKey, changes = {}) =>
  create({ program: 'msp-shared', ...changes }, apiKey)

const token = (id: string, body?: object) =>
  world.call('POST', `/v1/connections/${id}/token`).send(body)

describe('POST /v1/connections', () => {
  it('connects a managed customer, and asks Samsung nothing', async () => {
    const res = await create({ tenant_name: 'Marlow Retail' })

    expect(res.status).toBe(201)
    expect(res.headers.location).toBe(`/v1/connections/${res.body.id}`)
    expect(res.body).toMatchObject({
      status: 'active',
      program: 'msp-eu',
      kind: 'knox-msp',
      tenant_ref: 'tenant-2',
      tenant_name: 'Marlow Retail',
      managed_tenant_id: '4712-ab',
      account: null,
      renewable: true,
    })
    expect(res.body).not.toHaveProperty('consent_expires_at')
    const read = await world.call('GET', `/v1/connections/${res.body.id}`)
    expect(read.body).toEqual(res.body)
    const list = await world.call('GET', '/v1/connections?tenant_ref=tenant-2')
    expect(list.body.data).toEqual([res.body])
    expect(world.samsung.exchanged).toEqual([])
  })

  it('connects a company that stands for itself', async () => {
    const res = await world
      .call('POST', '/v1/connections')
      .send({ program: 'one-eu', tenant_ref: 'tenant-2' })

    expect(res.status).toBe(201)
    expect(res.body.kind).toBe('knox-customer')
    expect(res.body).not.toHaveProperty('managed_tenant_id')
  })

  it('answers a repetition with the same key with the same connection', async () => {
    const once = await create().set('idempotency-key', 'k-1')
    const again = await create().set('idempotency-key', 'k-1')

    expect([once.status, again.status]).toEqual([201, 201])
    expect(again.body).toEqual(once.body)
    expect(again.headers['idempotency-replayed']).toBe('true')
  })

  it.each([
    [{ managed_tenant_id: undefined }, '/managed_tenant_id'],
    [{ program: 'one-eu' }, '/managed_tenant_id'],
    [{ program: 'emm-eu' }, '/program'],
    [{ program: 'msp-us' }, '/program'],
    [{ program: 'nothing' }, '/program'],
    [{ managed_tenant_id: '' }, '/managed_tenant_id'],
    [{ managed_tenant_id: 'a'.repeat(65) }, '/managed_tenant_id'],
    [{ managed_tenant_id: '4712_ab' }, '/managed_tenant_id'],
    [{ managed_tenant_id: '4712\r\nx: y' }, '/managed_tenant_id'],
    [{ managed_tenant_id: 4712 }, '/managed_tenant_id'],
  ])('refuses %j and writes nothing', async (changes, field) => {
    const before = world.writes()

    const res = await create(changes)

    expect(res.status).toBe(422)
    expect(res.body.errors).toEqual([expect.objectContaining({ field })])
    expect(world.writes()).toBe(before)
  })

  it.each(['a', 'A'.repeat(64), '0-9'])('takes %s as the id of a customer', async (id) => {
    expect((await create({ managed_tenant_id: id })).status).toBe(201)
  })

  it('makes one connection of one customer, by either name', async () => {
    const { id } = (await create()).body

    const sameRef = await create({ managed_tenant_id: '4712-cd' })
    const sameTenant = await create({ tenant_ref: 'tenant-3' })

    for (const res of [sameRef, sameTenant]) {
      expect(res.status).toBe(409)
      expect(res.body).toMatchObject({ code: 'connection_exists', connection_id: id })
    }
    // The name that was given in vain is free.
    expect((await create({ tenant_ref: 'tenant-3', managed_tenant_id: 'z' })).status).toBe(201)
  })

  it('lets one portal have a managed customer, until it gives it back', async () => {
    const { id } = (await shared()).body

    const refused = await shared(other.apiKey)

    expect(refused.status).toBe(409)
    expect(refused.body.code).toBe('tenant_claimed')
    expect(refused.body).not.toHaveProperty('connection_id')
    expect((await shared(other.apiKey, { managed_tenant_id: '4712-cd' })).status).toBe(201)
    await world.call('DELETE', `/v1/connections/${id}`)
    expect((await shared(other.apiKey, { tenant_ref: 'tenant-4' })).status).toBe(201)
  })

  it('is refused while the program is frozen', async () => {
    world.frozen.add('msp-eu')

    expect((await create()).body.code).toBe('connection_frozen')
  })
})

it('begins no connect session for a program at which nobody signs in', async () => {
  const res = await world.call('POST', '/v1/connect-sessions').send({
    program: 'msp-eu',
    tenant_ref: 'tenant-2',
    return_url: RETURN_URL,
    code_challenge: 'c'.repeat(43),
  })

  expect(res.status).toBe(422)
  expect(res.body.errors).toEqual([
    { field: '/program', rule: expect.stringContaining('POST /v1/connections') },
  ])
})

describe('a token', () => {
  it('is the one of the program, with the customer beside it', async () => {
    const first = (await create()).body.id
    const second = (await create({ tenant_ref: 'b', managed_tenant_id: '4712-cd' })).body.id

    const answers = [await token(first), await token(second), await token(first)]

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers.map(({ body }) => body.headers)).toEqual([
      { 'x-knox-apitoken': 'knox-1-of-the-program', 'x-wsm-managed-tenantid': '4712-ab' },
      { 'x-knox-apitoken': 'knox-1-of-the-program', 'x-wsm-managed-tenantid': '4712-cd' },
      { 'x-knox-apitoken': 'knox-1-of-the-program', 'x-wsm-managed-tenantid': '4712-ab' },
    ])
    expect(answers[0]?.body.base_url).toBe('https://eu-kcs-api.example')
    expect(world.samsung.exchanged).toHaveLength(1)
  })

  it('names no customer where the company stands for itself', async () => {
    const made = await world
      .call('POST', '/v1/connections')
      .send({ program: 'one-eu', tenant_ref: 'tenant-2' })

    const { headers } = (await token(made.body.id)).body

    expect(Object.keys(headers)).toEqual(['x-knox-apitoken'])
  })

  it('is replaced once a minute for the whole program when Knox refused it', async () => {
    const first = (await create()).body.id
    const second = (await create({ tenant_ref: 'b', managed_tenant_id: '4712-cd' })).body.id
    const rejected = (await token(first)).body.token_id

    const replaced = (await token(first, { rejected })).body.token_id
    const again = (await token(second, { rejected: replaced })).body.token_id
    world.advance(60_000)
    const later = (await token(second, { rejected: replaced })).body.token_id

    expect(replaced).not.toBe(rejected)
    expect(again).toBe(replaced)
    expect(later).not.toBe(replaced)
    expect(world.samsung.exchanged).toHaveLength(3)
  })

  it('stays here where several portals share the provider', async () => {
    const { id } = (await shared()).body

    const res = await token(id)

    expect(res.status).toBe(409)
    expect(res.body).toMatchObject({ code: 'proxy_only', owner: 'portal', connection_id: id })
    expect(JSON.stringify(res.body)).not.toContain('knox-1')
  })

  it('is refused from the moment the connection is deleted, or anything is frozen', async () => {
    const { id } = (await create()).body
    await token(id)

    world.frozen.add(id)
    const frozen = await token(id)
    world.frozen.clear()
    await world.call('DELETE', `/v1/connections/${id}`)

    expect(frozen.body.code).toBe('connection_frozen')
    expect((await token(id)).status).toBe(404)
  })
})

describe('verify', () => {
  it('finds trust, and is seen on the connection', async () => {
    const { id } = (await create()).body

    const res = await world.call('POST', `/v1/connections/${id}/verify`)

    expect(res.status).toBe(200)
    expect(res.body.connection).toMatchObject({ id, trust: 'present' })
  })

  it('has the token of all replaced at most once a minute, however often one is refused', async () => {
    const { id } = (await create()).body
    const refusal = () => failing(knoxError('knox_token', 'refused', '4032251'))
    world.samsung.verifySteps.push(...Array.from({ length: 10 }, refusal))

    for (let n = 0; n < 5; n++) {
      const res = await world.call('POST', `/v1/connections/${id}/verify`)
      expect(res.body.code).toBe('upstream_refused')
    }

    expect(world.samsung.exchanged).toHaveLength(2)
  })

  it('says what a customer does whom the provider does not manage', async () => {
    const { id } = (await create()).body
    world.samsung.verifySteps.push(failing(knoxError('trust', 'refused', '4002113')))

    const res = await world.call('POST', `/v1/connections/${id}/verify`)

    expect(res.status).toBe(409)
    expect(res.body).toMatchObject({ code: 'trust_missing', connection_id: id })
    expect(res.body).not.toHaveProperty('partner_id')
    expect(res.body.customer_message).toContain('provider')
    expect((await world.call('GET', `/v1/connections/${id}`)).body.status).toBe('trust_missing')
  })
})
