import { beforeEach, describe, expect, it } from '@jest/globals'
import type { PortalAssertionKey } from '../../../src/config/config.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { entryOf, makeAssertion, NOW_S, otherSignature } from '../../support/assertions.ts'
import { createKeysWorld, portalOf } from '../access/support/book.ts'
import { callerOf } from '../access/support/keys.ts'
import { createFaultyStore } from '../vault/support/faulty-store.ts'

type World = ReturnType<typeof createKeysWorld>

const entry = (alg: string, id: string, changes: Partial<PortalAssertionKey> = {}) => ({
  ...entryOf(alg, id),
  ...changes,
})

const assertionKeys = [
  entry('ES256', 'key-1'),
  entry('EdDSA', 'key-2', { scopes: ['connect'], programs: ['emm-us'] }),
  entry('RS256', 'bound-1', { cidrs: ['192.0.2.0/24'] }),
  entry('PS256', 'ending-1', { expiresAt: NOW_S * 1000 + 30_000 }),
]

let world: World

beforeEach(() => {
  const other = portalOf('other', { assertionKeys: [entry('ES384', 'other-1')] })
  world = createKeysWorld([portalOf('acme', { assertionKeys }), other])
})

/** Who one replica says it is: a key id, or why nobody. */
function asking(replica = world.replica()) {
  return async (text: string, address?: string) => {
    const caller = callerOf(`Bearer ${text}`, address)
    const found = await replica.authenticator.authenticateAssertion(caller)
    if (found === null) return null
    return 'reason' in found ? found.reason : found.apiKeyId
  }
}

describe('a portal that signs assertions', () => {
  it('is known by them, with what the key may do', async () => {
    const { authenticator } = world.replica()
    const by = (text: string) => authenticator.authenticateAssertion(callerOf(`bearer  ${text}`))

    expect(await by(makeAssertion())).toMatchObject({
      portal: { id: 'acme', programs: ['emm-eu', 'emm-us'] },
      apiKeyId: 'key-1',
      scopes: new Set(['tokens']),
    })
    expect(await by(makeAssertion({ alg: 'EdDSA', kid: 'key-2' }))).toMatchObject({
      portal: { id: 'acme', programs: ['emm-us'] },
      apiKeyId: 'key-2',
      scopes: new Set(['connect']),
      programs: new Set(['emm-us']),
    })
  })

  it('is not known by anything else, which is left to others', async () => {
    const ask = asking()

    for (const text of ['', 'kg_key-1_'.padEnd(52, 'A'), 'key-1', 'A'.repeat(5000)])
      expect(await ask(text)).toBeNull()
    const { authenticator } = world.replica()
    for (const header of [undefined, makeAssertion(), `Basic ${makeAssertion()}`])
      expect(await authenticator.authenticateAssertion(callerOf(header))).toBeNull()
  })

  it('is not known by the thumbprint of its key, as if that was an API key', () => {
    const { authenticator } = world.replica()
    const [key] = assertionKeys

    for (const secret of [key?.hash ?? '', 'A'.repeat(43)]) {
      const caller = callerOf(`Bearer kg_key-1_${secret}`)
      expect(authenticator.identify(caller)).toBeNull()
      expect(authenticator.explain(caller)).toBeNull()
    }
  })

  it('cannot call as another portal, with its own key or by naming the other’s', async () => {
    const ask = asking()
    const claims = { iss: 'other', sub: 'other' }

    expect(await ask(makeAssertion({ claims }))).toBe('assertion_issuer')
    expect(await ask(makeAssertion({ claims, header: { kid: 'other-1' } }))).toBe(
      'assertion_algorithm',
    )
    expect(await ask(makeAssertion({ alg: 'ES384', kid: 'other-1' }))).toBe('assertion_issuer')
    expect(await ask(makeAssertion({ alg: 'ES384', kid: 'other-1', claims }))).toBe('other-1')
  })
})

describe('an assertion is used once', () => {
  it('in all processes, however it is written', async () => {
    const [here, there] = [asking(), asking()]
    const text = makeAssertion()

    expect(await here(text)).toBe('key-1')
    expect(await here(text)).toBe('assertion_replayed')
    expect(await there(text)).toBe('assertion_replayed')
    expect(otherSignature(text)).not.toBe(text)
    expect(await there(otherSignature(text))).toBe('assertion_replayed')
  })

  it('by its id: signed again, with other claims or by another key of the portal', async () => {
    const ask = asking()
    const claims = { jti: 'once' }
    await ask(makeAssertion({ claims }))
    const again = [
      makeAssertion({ claims }),
      makeAssertion({ claims: { ...claims, exp: NOW_S + 61 } }),
      makeAssertion({ claims: { ...claims, more: 1 } }),
      makeAssertion({ alg: 'EdDSA', kid: 'key-2', claims }),
    ]

    for (const text of again) expect(await ask(text)).toBe('assertion_replayed')
    const other = { jti: 'once', iss: 'other', sub: 'other' }
    expect(await ask(makeAssertion({ alg: 'ES384', kid: 'other-1', claims: other }))).toBe(
      'other-1',
    )
  })

  it('by one of twenty who come at once', async () => {
    const replicas = [asking(), asking(), asking()]
    const text = makeAssertion()
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => replicas[index % 3]?.(text)),
    )

    expect(all.filter((one) => one === 'key-1')).toHaveLength(1)
    expect(all.filter((one) => one === 'assertion_replayed')).toHaveLength(19)
  })

  it('and remembered for as long as a process could take it, by a clock that is a minute off', async () => {
    const ask = asking()
    const text = makeAssertion({ claims: { iat: NOW_S, exp: NOW_S + 300 } })
    await ask(text)

    world.advance((300 + 60) * 1000 - 1)
    expect(await ask(text)).toBe('assertion_replayed')
    world.advance(1)
    expect(await ask(text)).toBe('assertion_expired')
    const key = (await storedIds())[0] ?? ''
    world.advance(60_000 - 1)
    expect((await world.store.read(`kg:{${key}}`)).document).not.toBeNull()
    world.advance(1)
    expect((await world.store.read(`kg:{${key}}`)).document).toBeNull()
  })

  it('and what is stored of it is a digest', async () => {
    const jti = 'a-telling-name'
    await asking()(makeAssertion({ claims: { jti } }))
    const [id = ''] = await storedIds()
    const { document } = await world.store.read(`kg:{${id}}`)

    expect(id).toMatch(/^jti_[\w-]{43}$/)
    expect(`${id}${document?.text}`).not.toContain(jti)
  })
})

async function storedIds(): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const batch of world.store.documentIds('jti_')) ids.push(...batch)
  return ids
}

describe('nothing is used up', () => {
  it('by who does not have the key', async () => {
    const ask = asking()
    const claims = { jti: 'mine' }
    const forged = [
      makeAssertion({ claims }).replace(/[^.]+$/, (text) => text.split('').reverse().join('')),
      makeAssertion({ claims, alg: 'EdDSA', kid: 'key-1' }),
      makeAssertion({ claims, kid: 'unknown' }),
      makeAssertion({ claims: { ...claims, aud: 'https://elsewhere.example' } }),
    ]

    for (const text of forged) expect(await ask(text)).not.toBe('key-1')
    expect(await storedIds()).toEqual([])
    expect(await ask(makeAssertion({ claims }))).toBe('key-1')
  })

  it('by a key that has ended, or comes from elsewhere', async () => {
    const ask = asking()
    const bound = makeAssertion({ alg: 'RS256', kid: 'bound-1' })
    const ending = makeAssertion({ alg: 'PS256', kid: 'ending-1', claims: { exp: NOW_S + 300 } })

    expect(await ask(bound, '198.51.100.7')).toBe('address')
    expect(await ask(bound)).toBe('address')
    expect(await ask(bound, '192.0.2.7')).toBe('bound-1')
    world.advance(30_000)
    expect(await ask(ending)).toBe('expired')
    expect(await storedIds()).toHaveLength(1)
  })
})

describe('without the store', () => {
  it.each(['unavailable', 'unanswered', 'applied_unanswered'] as const)(
    'nobody is let in by an assertion: %s',
    async (fault) => {
      const faulty = createFaultyStore(world.store)
      const ask = asking(world.replica(faulty.store))
      const text = makeAssertion()
      faulty.failWrites([fault])

      await expect(ask(text)).rejects.toMatchObject({ code: 'store_unavailable' })
      await expect(ask(text)).resolves.toBe(
        fault === 'applied_unanswered' ? 'assertion_replayed' : 'key-1',
      )
      expect(await ask(makeAssertion())).toBe('key-1')
    },
  )

  it('says that it may be tried again', async () => {
    const faulty = createFaultyStore(world.store)
    faulty.setDown(true)
    const refusal = await asking(world.replica(faulty.store))(makeAssertion()).catch((one) => one)

    expect(refusal).toBeInstanceOf(ServiceError)
    expect(refusal).toMatchObject({ retryable: true, extras: { retryAfterSeconds: 1 } })
  })
})

describe('the use of a key that signs assertions', () => {
  it('is told as that of an API key is', async () => {
    const replica = world.replica()
    await replica.book.start()
    const ask = asking(replica)
    const lastUse = async () => (await replica.keys.list('acme')).map((key) => key.lastUsedAt)
    await ask(makeAssertion({ kid: 'unknown' }))
    await ask(makeAssertion({ alg: 'EdDSA', kid: 'key-1' }))
    await replica.uses.idle()
    expect(await lastUse()).toEqual([undefined, undefined, undefined, undefined])

    await ask(makeAssertion())
    await replica.uses.idle()
    replica.book.stop()
    expect(await lastUse()).toEqual([NOW_S * 1000, undefined, undefined, undefined])
  })
})
