import { beforeEach, describe, expect, it } from '@jest/globals'
import type { NewSession } from '../../../src/consent/create-session.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { codeOf } from '../vault/support/world.ts'
import {
  type ConsentWorld,
  createConsentWorld,
  LIFETIME_MS,
  portal,
  RETURN_URL,
} from './support/world.ts'

let world: ConsentWorld

beforeEach(() => {
  world = createConsentWorld()
})

const refusal = (wish: Partial<NewSession>, by = portal) =>
  world.begin(wish, by).then(
    () => null,
    (error: unknown) => (error instanceof ServiceError ? error : null),
  )

it('stores a session that waits for its customer', async () => {
  const { id, challenge } = await world.begin({ tenantName: 'ACME', locale: 'de' })

  expect(await world.session(id)).toEqual({
    format: 1,
    type: 'connect_session',
    id,
    portalId: portal.id,
    program: 'emm-eu',
    tenantRef: 'tenant-1',
    tenantName: 'ACME',
    locale: 'de',
    returnUrl: RETURN_URL,
    codeChallenge: challenge,
    allowAccountChange: false,
    createdAt: world.clock(),
    expiresAt: world.clock() + LIFETIME_MS,
    phase: 'pending',
    states: [],
  })
})

describe('a session is refused', () => {
  it.each([
    ['a program that is not the portal’s', { program: 'emm-us' }, '/program'],
    ['a program that there is not', { program: 'nothing' }, '/program'],
    ['another return URL', { returnUrl: 'https://evil.example/' }, '/return_url'],
    ['a return URL with a slash more', { returnUrl: `${RETURN_URL}/` }, '/return_url'],
    [
      'a return URL in other letters',
      { returnUrl: RETURN_URL.replace('console', 'CONSOLE') },
      '/return_url',
    ],
    ['the beginning of a return URL', { returnUrl: RETURN_URL.slice(0, -1) }, '/return_url'],
  ])('for %s', async (_, wish, field) => {
    const error = await refusal(wish)

    expect(error?.code).toBe('invalid_request')
    expect(error?.extras.errors).toEqual([{ field, rule: expect.any(String) }])
  })

  it('for a program that has left the configuration', async () => {
    const by = { ...portal, programs: [...portal.programs, 'gone'] }

    expect((await refusal({ program: 'gone' }, by))?.code).toBe('invalid_request')
  })

  it('for a customer who is connected, naming the connection', async () => {
    const { connection } = await world.connect()

    const error = await refusal({})

    expect(error?.code).toBe('connection_exists')
    expect(error?.extras.connectionId).toBe(connection.id)
  })

  it('no more once the connection is deleted', async () => {
    const { connection } = await world.connect()
    await world.connections.remove(connection.id, tombstoneOf)

    expect(await refusal({})).toBeNull()
  })
})

describe('a session that reconnects', () => {
  it('is for the portal’s own connection, its program and its customer', async () => {
    const { connection } = await world.connect()
    const connectionId = connection.id
    const other = { ...portal, id: 'other' }
    const both = { ...portal, programs: ['emm-eu', 'emm-us'] }

    expect((await refusal({ connectionId }, other))?.code).toBe('not_found')
    expect((await refusal({ connectionId: `conn_${'0'.repeat(32)}` }))?.code).toBe('not_found')
    expect((await refusal({ connectionId, tenantRef: 'tenant-2' }))?.extras.errors).toEqual([
      { field: '/tenant_ref', rule: 'must be the tenant_ref of the connection' },
    ])
    expect((await refusal({ connectionId, program: 'emm-us' }, both))?.extras.errors).toEqual([
      { field: '/program', rule: 'must be the program of the connection' },
    ])
    expect(await codeOf(world.begin({ connectionId }))).toBe('resolved')
  })
})
