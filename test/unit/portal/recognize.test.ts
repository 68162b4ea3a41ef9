import { describe, expect, it } from '@jest/globals'
import { createApiKey, pepperKey } from '../../../src/portal/api-key.ts'
import { createAuthenticator } from '../../../src/portal/authenticate.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { callerOf, configuredKeys } from '../access/support/keys.ts'

const pepper = new Secret('a pepper of at least thirty-two characters')
const [one, two] = [createApiKey(pepper, { scopes: [] }), createApiKey(pepper, { scopes: [] })]
const bearer = ({ apiKey }: typeof one) => callerOf(`Bearer ${apiKey.reveal()}`)
const portal = {
  id: 'acme',
  name: 'Acme',
  returnUrls: [],
  programs: [],
  apiKeys: [one.entry, two.entry],
}

const setUp = () =>
  createAuthenticator({
    keys: configuredKeys([portal]),
    pepper: pepperKey(pepper),
    addressOf: () => null,
    clock: () => 0,
  })

describe('recognize', () => {
  it('knows a key that was proven before, and no other', () => {
    const authenticator = setUp()
    expect(authenticator.recognize(bearer(one))).toBeNull()
    const principal = authenticator.identify(bearer(one))

    expect(principal).not.toBeNull()
    expect(authenticator.recognize(bearer(one))).toBe(principal)
    expect(authenticator.recognize(bearer(two))).toBeNull()
  })

  it('proves nothing: a key is as unknown after it as before', () => {
    const authenticator = setUp()

    authenticator.recognize(bearer(one))

    expect(authenticator.recognize(bearer(one))).toBeNull()
  })

  it('does not take another text for the key that was proven', () => {
    const authenticator = setUp()
    authenticator.identify(bearer(one))
    const text = one.apiKey.reveal()
    const altered = text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')

    expect(authenticator.recognize(callerOf(`Bearer ${altered}`))).toBeNull()
    expect(authenticator.recognize(callerOf(undefined))).toBeNull()
    expect(authenticator.recognize(bearer(one))).not.toBeNull()
  })
})
