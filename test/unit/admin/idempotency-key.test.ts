import { afterEach, beforeEach, expect, it } from '@jest/globals'
import request from 'supertest'
import { ENV } from '../config/valid-config.ts'
import { createRealApp, type RealApp } from '../portal/support/real-app.ts'

const KEYS = '/admin/v1/portals/acme-console/keys'

let real: RealApp

beforeEach(async () => {
  real = await createRealApp()
})
afterEach(() => real.close())

const admin = (method: 'get' | 'post', path: string) =>
  request(real.admin)[method](path).set('authorization', `Bearer ${ENV.ADMIN_TOKEN}`)

const keys = async (): Promise<readonly { readonly id: string }[]> =>
  (await admin('get', KEYS)).body.data

it('an API key is neither made nor replaced with an Idempotency-Key, because its answer is not kept', async () => {
  const wish = { scopes: ['tokens'] }
  const { body } = await admin('post', KEYS).send(wish).expect(201)
  const before = await keys()

  const made = await admin('post', KEYS).set('idempotency-key', 'retry-1').send(wish)
  const rotated = await admin('post', `${KEYS}/${body.key.id}/rotate`)
    .set('idempotency-key', 'retry-1')
    .send({})

  for (const { status, body } of [made, rotated]) {
    expect([status, body.code]).toEqual([422, 'invalid_request'])
    expect(body.errors).toEqual([
      { field: 'Idempotency-Key', rule: expect.stringMatching(/kept nowhere/) },
    ])
  }
  expect(await keys()).toEqual(before)
})
