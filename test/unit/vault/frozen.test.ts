import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import { createEnvelope } from '../../../src/vault/envelope-keys.ts'
import { createKeyRing } from '../../../src/vault/key-ring.ts'
import { type Connection, consentBinding, parseRecord } from '../../../src/vault/record.ts'
import { unreadableFields } from '../../../src/vault/sealed-fields.ts'
import {
  openAccessToken,
  openEmail,
  openKnoxToken,
  openRefreshToken,
} from '../../../src/vault/token-seal.ts'

const frozen = JSON.parse(
  readFileSync(new URL('../../vectors/connection-0.1.0.json', import.meta.url), 'utf8'),
)

function readConnection(): Connection {
  const record = parseRecord(JSON.stringify(frozen.record))
  if (record.type !== 'connection') throw new Error('it is a connection')
  return record
}

const dataKeyOf = ({ id, dataKey }: Connection, ring = [frozen.vault_key]) =>
  createEnvelope({
    keyRing: createKeyRing(ring.map(({ kid, key }) => ({ kid, key: new Secret(key) }))),
    cacheMs: 1000,
    maxEntries: 1,
    clock: () => 0,
  }).open(id, dataKey)

it('opens everything that version 0.1.0 sealed, for ever', async () => {
  const record = readConnection()
  const binding = consentBinding(record)

  const dataKey = await dataKeyOf(record)

  expect(unreadableFields(dataKey, record)).toEqual([])
  const { previous } = binding.tokenSet
  const before = { ...binding, tokenSet: { ...binding.tokenSet, ...previous } }
  const knoxToken = openKnoxToken(dataKey, binding)?.reveal() ?? ''
  expect({
    account_email: openEmail(dataKey, binding),
    access_token: openAccessToken(dataKey, binding).reveal(),
    refresh_token: openRefreshToken(dataKey, binding)?.reveal(),
    previous_refresh_token: openRefreshToken(dataKey, before)?.reveal(),
    knox_token_sha256: createHash('sha256').update(knoxToken).digest('hex'),
  }).toEqual(frozen.opened)
})

it('opens it also when the key of that time is an old one of the ring', async () => {
  const record = readConnection()
  const newer = { kid: 'k2', key: createHash('sha256').update('newer').digest('base64') }

  const dataKey = await dataKeyOf(record, [newer, frozen.vault_key])

  expect(unreadableFields(dataKey, record)).toEqual([])
})

it('does not open it with another key of the same name', async () => {
  const other = { kid: 'k1', key: createHash('sha256').update('other').digest('base64') }

  await expect(dataKeyOf(readConnection(), [other])).rejects.toMatchObject({
    code: 'record_unreadable',
  })
})
