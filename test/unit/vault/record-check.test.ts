import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import { keepKnoxToken, tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createEnvelope } from '../../../src/vault/envelope-keys.ts'
import { createKeyRing, type RingKey } from '../../../src/vault/key-ring.ts'
import {
  type Connection,
  type ConsentBinding,
  consentBinding,
  withCurrentBinding,
} from '../../../src/vault/record.ts'
import { createRecordCheck } from '../../../src/vault/record-check.ts'
import { sealEmail, sealKnoxToken } from '../../../src/vault/token-seal.ts'
import { createWorld, type World } from './support/world.ts'

let world: World
let connection: Connection
let binding: ConsentBinding

beforeEach(async () => {
  world = createWorld()
  connection = await fullConnection()
  binding = await world.bindingOf(connection.id)
})

/** One that has everything that can be sealed: a renewal behind it, a Knox token, an address. */
async function fullConnection(): Promise<Connection> {
  const id = await world.connect()
  const first = await world.connectionOf(id)
  const dataKey = await world.envelope.open(id, first.dataKey)
  await world.connections.update(id, (one) => {
    const held = consentBinding(one)
    const email = sealEmail(dataKey, held.id, 'ada@example.com')
    const { refreshToken = '' } = held.tokenSet
    const tokenSet = { ...held.tokenSet, previous: { generation: 1, refreshToken } }
    const changed = withCurrentBinding(one, { ...held, tokenSet, account: { id: 'ada', email } })
    const value = sealKnoxToken(dataKey, held.id, 1, new Secret('knox'))
    const times = { mintedAt: world.clock(), expiresAt: world.clock() + 1000 }
    const token = { generation: 1, headerName: 'x', value, tokenId: 'id', ...times }
    return keepKnoxToken(changed, token, undefined, world.clock())
  })
  return world.connectionOf(id)
}

const ringKey = (kid: string): RingKey => ({
  kid,
  key: new Secret(randomBytes(32).toString('base64')),
})

function checkWith(keys: readonly RingKey[]) {
  const keyRing = createKeyRing(keys)
  const envelope = createEnvelope({ keyRing, cacheMs: 1, maxEntries: 1, clock: () => 0 })
  return createRecordCheck(envelope, keyRing.kids())
}
const check = () => checkWith(world.vaultKeys)
const text = (record: object) => JSON.stringify(record)

it('finds nothing wrong with a connection that has everything', async () => {
  expect(await check().connection(connection)).toBeNull()
  expect(await check().keyOf(connection.id, text(connection))).toBeNull()
  expect(await check().allOf(connection.id, text(connection))).toBeNull()
})

describe('a key that does not fit', () => {
  it('is unknown when the ring has none of that name, and wrong when it has another', async () => {
    const other = [ringKey('k2')]
    const same = [ringKey('k1')]

    for (const ask of ['keyOf', 'allOf'] as const) {
      const look = (keys: readonly RingKey[]) =>
        checkWith(keys)[ask](connection.id, text(connection))
      expect(await look(other)).toEqual({ reason: 'unknown_key' })
      expect(await look(same)).toEqual({ reason: 'wrong_key' })
    }
    expect(await checkWith(other).connection(connection)).toEqual({ reason: 'unknown_key' })
    expect(await checkWith(same).connection(connection)).toEqual({ reason: 'wrong_key' })
  })

  it('is not blamed when the ring has no answer', async () => {
    const keyRing = createKeyRing(world.vaultKeys)
    const away = { ...keyRing, unwrap: () => Promise.reject(new Error('no answer')) }
    const envelope = createEnvelope({ keyRing: away, cacheMs: 1, maxEntries: 1, clock: () => 0 })

    const look = createRecordCheck(envelope, ['k1']).connection(connection)

    await expect(look).rejects.toThrow('no answer')
  })
})

describe('a sealed text that was changed or moved', () => {
  const swapped = (sealed = '') => `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`
  const cases: readonly (readonly [string, (one: ConsentBinding) => ConsentBinding])[] = [
    ['access_token', (one) => withSet(one, { accessToken: one.tokenSet.refreshToken ?? '' })],
    ['refresh_token', (one) => withSet(one, { refreshToken: swapped(one.tokenSet.refreshToken) })],
    ['previous_refresh_token', (one) => withSet(one, { previous: previousOf(one, 2) })],
    ['knox_token', (one) => ({ ...one, ...knoxOf(one) })],
    ['account_email', (one) => ({ ...one, account: { id: 'a', email: swapped(emailOf(one)) } })],
  ]
  const withSet = (
    one: ConsentBinding,
    changes: Partial<ConsentBinding['tokenSet']>,
  ): ConsentBinding => ({
    ...one,
    tokenSet: { ...one.tokenSet, ...changes },
  })
  const previousOf = (one: ConsentBinding, generation: number) => ({
    generation,
    refreshToken: one.tokenSet.previous?.refreshToken ?? '',
  })
  const knoxOf = ({ knoxToken }: ConsentBinding) =>
    knoxToken === undefined ? {} : { knoxToken: { ...knoxToken, generation: 2 } }
  const emailOf = ({ account }: ConsentBinding) => account?.email

  it.each(cases)('is named: %s', async (field, change) => {
    const changed = withCurrentBinding(connection, change(binding))
    const fault = { reason: 'sealed_field', fields: [`b1.${field}`] }

    expect(await check().connection(changed)).toEqual(fault)
    expect(await check().allOf(connection.id, text(changed))).toEqual(fault)
    expect(await check().keyOf(connection.id, text(changed))).toBeNull()
  })
})

describe('a document', () => {
  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['a data key that is no text', '{"dataKey":1}'],
    ['a data key that names no key', '{"dataKey":"v1"}'],
  ])('with %s is damaged', async (_, damaged) => {
    expect(await check().keyOf('cs_1', damaged)).toEqual({ reason: 'damaged' })
    expect(await check().allOf('cs_1', damaged)).toEqual({ reason: 'damaged' })
  })

  it('under the id of a connection is damaged when it is none, or another one', async () => {
    const copied = { ...connection, id: 'conn_00000000000000000000000000000000' }

    expect(await check().keyOf(connection.id, '{}')).toEqual({ reason: 'damaged' })
    expect(await check().keyOf(connection.id, text(copied))).toEqual({ reason: 'damaged' })
  })

  it('without a data key needs none: a tombstone, a session without a code', async () => {
    const tombstone = text(tombstoneOf(connection, 0))

    expect(await checkWith([ringKey('k9')]).allOf(connection.id, tombstone)).toBeNull()
    expect(await checkWith([ringKey('k9')]).allOf('cs_1', '{"id":"cs_1"}')).toBeNull()
  })

  it('of any sort is opened with the id it stands under', async () => {
    const { wrapped } = await world.envelope.create('cs_1')
    const session = text({ id: 'cs_1', dataKey: wrapped })

    expect(await check().keyOf('cs_1', session)).toBeNull()
    expect(await check().keyOf('cs_2', session)).toEqual({ reason: 'wrong_key' })
  })
})
