import { describe, expect, it } from '@jest/globals'
import type { ReceivedTokens } from '../../../src/samsung-account/tokens.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { type ConsentBinding, consentBinding } from '../../../src/vault/record.ts'
import {
  openAccessToken,
  openEmail,
  openKnoxToken,
  openRefreshToken,
  sealEmail,
  sealKnoxToken,
  sealTokens,
} from '../../../src/vault/token-seal.ts'
import { aConnection, KNOX_TOKEN, T0, TOKEN_SET } from './support/records.ts'
import { codeOf, createWorld } from './support/world.ts'

const RECEIVED: ReceivedTokens = {
  accessToken: new Secret('canary-access'),
  refreshToken: new Secret('canary-refresh'),
  accessExpiresAt: T0 + 1000,
  refreshExpiresAt: T0 + 2000,
  receivedAt: T0,
}
const { refreshToken: _, refreshExpiresAt: __, ...WITHOUT } = RECEIVED

const { dataKey } = await createWorld().envelope.create('conn_1')
const another = (await createWorld().envelope.create('conn_2')).dataKey

function bindingWith(received: ReceivedTokens, spent?: Secret, generation = 3): ConsentBinding {
  const { rotated, ...tokens } = sealTokens(dataKey, 'b1', generation, received, spent)
  expect(typeof rotated).toBe('boolean')
  return { ...consentBinding(aConnection()), tokenSet: { ...tokens, generation } }
}

const refreshTokenOf = (binding: ConsentBinding) => openRefreshToken(dataKey, binding)?.reveal()

describe('sealed tokens', () => {
  it('open as what was sealed, and show nothing before', () => {
    const binding = bindingWith(RECEIVED)

    expect(openAccessToken(dataKey, binding).reveal()).toBe('canary-access')
    expect(refreshTokenOf(binding)).toBe('canary-refresh')
    expect(JSON.stringify(binding)).not.toContain('canary')
    expect(binding.tokenSet).toMatchObject({
      accessExpiresAt: T0 + 1000,
      refreshExpiresAt: T0 + 2000,
      issuedAt: T0,
    })
  })

  it.each([
    [
      'generation',
      (one: ConsentBinding) => ({ ...one, tokenSet: { ...one.tokenSet, generation: 4 } }),
    ],
    ['binding', (one: ConsentBinding) => ({ ...one, id: 'b2' })],
    [
      'field',
      (one: ConsentBinding) => ({
        ...one,
        tokenSet: { ...one.tokenSet, accessToken: one.tokenSet.refreshToken ?? '' },
      }),
    ],
  ])('do not open under another %s', async (_, change) => {
    const moved = change(bindingWith(RECEIVED))

    expect(await codeOf((async () => openAccessToken(dataKey, moved))())).toBe('record_unreadable')
  })

  it('do not open with another connection’s key', async () => {
    const binding = bindingWith(RECEIVED)

    expect(await codeOf((async () => openAccessToken(another, binding))())).toBe(
      'record_unreadable',
    )
  })
})

describe('the refresh token that is kept (RFC 6749 §6)', () => {
  const spent = new Secret('canary-spent')
  const rotatedOf = (received: ReceivedTokens, before?: Secret) =>
    sealTokens(dataKey, 'b1', 1, received, before).rotated

  it('is the new one where Samsung sent one', () => {
    expect(refreshTokenOf(bindingWith(RECEIVED, spent))).toBe('canary-refresh')
    expect(rotatedOf(RECEIVED, spent)).toBe(true)
  })

  it('is the old one where Samsung sent none', () => {
    expect(refreshTokenOf(bindingWith(WITHOUT, spent))).toBe('canary-spent')
    expect(rotatedOf(WITHOUT, spent)).toBe(false)
  })

  it('counts as the same where Samsung sent the old one again', () => {
    expect(rotatedOf({ ...RECEIVED, refreshToken: new Secret('canary-spent') }, spent)).toBe(false)
  })

  it('is none after a consent that brought none', () => {
    const binding = bindingWith(WITHOUT)

    expect(openRefreshToken(dataKey, binding)).toBeNull()
    expect(binding.tokenSet).not.toHaveProperty('refreshToken')
    expect(rotatedOf(RECEIVED)).toBe(false)
  })
})

describe('a sealed Knox token', () => {
  it('opens under the generation that it was made from, whatever came after', () => {
    const value = sealKnoxToken(dataKey, 'b1', 2, new Secret('canary-knox'))
    const knoxToken = { ...KNOX_TOKEN, value, generation: 2 }
    const tokenSet = { ...TOKEN_SET, generation: 5 }
    const binding = { ...consentBinding(aConnection()), tokenSet, knoxToken }

    expect(openKnoxToken(dataKey, binding)?.reveal()).toBe('canary-knox')
    expect(openKnoxToken(dataKey, consentBinding(aConnection()))).toBeNull()
  })
})

describe('a sealed address', () => {
  it('outlives the tokens', () => {
    const email = sealEmail(dataKey, 'b1', 'ada@example.com')
    const binding = { ...bindingWith(RECEIVED, undefined, 9), account: { id: 'ada', email } }

    expect(email).not.toContain('ada')
    expect(openEmail(dataKey, binding)).toBe('ada@example.com')
    expect(openEmail(dataKey, { ...binding, account: { id: 'ada' } })).toBeUndefined()
  })
})
