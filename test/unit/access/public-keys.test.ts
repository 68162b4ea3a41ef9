import { beforeEach, describe, expect, it } from '@jest/globals'
import { documentKey } from '../../../src/vault/store.ts'
import { entryOf, type Forgery, makeAssertion, NOW_S, pairOf } from '../../support/assertions.ts'
import { createKeysWorld, portalOf } from './support/book.ts'
import { callerOf, textOf } from './support/keys.ts'

const BY = 'operate'
const HOUR = 3_600_000

let world: ReturnType<typeof createKeysWorld>
let here: ReturnType<typeof world.replica>

beforeEach(() => {
  const configured = { ...entryOf('PS256', 'boot'), expiresAt: NOW_S * 1000 + 2 * HOUR }
  world = createKeysWorld([portalOf('acme', { assertionKeys: [configured] }), portalOf('other')])
  here = world.replica()
})

const { jwk } = pairOf('ES256')
const create = (changes = {}, portalId = 'acme') =>
  here.keys.create(portalId, { scopes: ['tokens'], publicKey: jwk, ...changes }, BY)
const change = (keyId: string) => ({ portalId: 'acme', keyId, by: BY })

/** The key id by which an assertion of now is taken, or why it is not. */
async function judged(forgery: Forgery, address?: string, where = here) {
  const now = world.clock() / 1000
  const claims = { iat: now, exp: now + 60, ...forgery.claims }
  const caller = callerOf(`Bearer ${makeAssertion({ ...forgery, claims })}`, address)
  const found = await where.authenticator.authenticateAssertion(caller)
  if (found === null) return null
  return 'reason' in found ? found.reason : found.apiKeyId
}

describe('a public key that is registered', () => {
  it('opens at once by what it signs, and nothing is made that could be shown', async () => {
    const { apiKey, key } = await create({ name: 'nightly', programs: ['emm-eu'] })

    expect(apiKey).toBeUndefined()
    expect(key).toMatchObject({ source: 'store', name: 'nightly', publicKey: jwk, createdBy: BY })
    expect(await judged({ kid: key.id })).toBe(key.id)
    expect(world.events).toContainEqual({
      event: 'api_key_created',
      portalId: 'acme',
      subject: key.id,
    })
  })

  it('is listed with those of the configuration, as they stand', async () => {
    const { key } = await create()

    expect(await here.keys.list('acme')).toMatchObject([
      { id: 'boot', source: 'configuration', publicKey: pairOf('PS256').jwk },
      { id: key.id, source: 'store', publicKey: jwk },
    ])
  })

  it('opens from its networks only, and for its portal only', async () => {
    const { key } = await create({ cidrs: ['192.0.2.0/24'] })
    const foreign = await create({}, 'other')

    expect(await judged({ kid: key.id }, '192.0.2.7')).toBe(key.id)
    expect(await judged({ kid: key.id }, '198.51.100.7')).toBe('address')
    expect(await judged({ kid: foreign.key.id })).toBe('assertion_issuer')
  })

  it('opens in another process once that has asked', async () => {
    const there = world.replica()
    const { key } = await create()

    expect(await judged({ kid: key.id }, undefined, there)).toBe('assertion_key')
    await there.authenticator.freshen()
    expect(await judged({ kid: key.id }, undefined, there)).toBe(key.id)
  })

  it('ends when its time is over, and when it is ended or revoked', async () => {
    const [short, ended, revoked] = [
      await create({ lifetimeMs: HOUR }),
      await create(),
      await create(),
    ]
    await here.keys.expire(change(ended.key.id), 60_000)
    expect(await judged({ kid: ended.key.id })).toBe(ended.key.id)

    world.advance(60_000)
    expect(await judged({ kid: ended.key.id })).toBe('expired')
    expect(await judged({ kid: revoked.key.id })).toBe(revoked.key.id)
    await here.keys.revoke(change(revoked.key.id))
    expect(await judged({ kid: revoked.key.id })).toBe('assertion_key')
    expect(await judged({ kid: short.key.id })).toBe(short.key.id)
    world.advance(HOUR - 60_000)
    expect(await judged({ kid: short.key.id })).toBe('expired')
  })

  it('of a sort that only a later version knows opens nothing, and is kept', async () => {
    const { key } = await create()
    const { store } = world
    const { document } = await store.read(documentKey('credentials'))
    const text = (document?.text ?? '').replaceAll('"EC"', '"PQ"')
    await store.compareAndSet(documentKey('credentials'), document?.revision ?? 0, text, 'later')
    const later = world.replica()
    await later.authenticator.freshen()

    expect(await judged({ kid: key.id }, undefined, later)).toBe('assertion_key')
    expect(await judged({ kid: 'boot', alg: 'PS256' }, undefined, later)).toBe('boot')
    await later.keys.create('acme', { scopes: ['connect'] }, BY)
    const after = (await store.read(documentKey('credentials'))).document?.text
    expect(after).toContain('"PQ"')
  })
})

describe('a public key that somebody has written into the store', () => {
  /** Changes the book behind the service's back, as who has no more than Redis can. */
  async function tamper(change: (text: string) => string) {
    const { store } = world
    const { document } = await store.read(documentKey('credentials'))
    const text = change(document?.text ?? '')
    const revision = document?.revision ?? 0
    await store.compareAndSet(documentKey('credentials'), revision, text, 'tampered')
    const there = world.replica()
    await there.authenticator.freshen()
    return there
  }
  const keysIn = (text: string) => JSON.parse(text).keys

  it('opens nothing: only who has the pepper can vouch for it', async () => {
    const { key } = await create()
    const there = await tamper((text) => {
      const [own] = keysIn(text)
      const forged = { ...own, id: 'forged', publicKey: pairOf('EdDSA').jwk }
      const thumbprint = { ...forged, id: 'forged-2', hash: entryOf('EdDSA', 'x').hash }
      return JSON.stringify({ ...JSON.parse(text), keys: [own, forged, thumbprint] })
    })

    expect(await judged({ kid: key.id }, undefined, there)).toBe(key.id)
    for (const kid of ['forged', 'forged-2'])
      expect(await judged({ kid, alg: 'EdDSA' }, undefined, there)).toBe('assertion_key')
  })

  it.each([
    ['another portal', { portalId: 'other' }, { iss: 'other', sub: 'other' }],
    ['another id', { id: 'renamed' }, {}],
    ['another algorithm', { publicKey: { ...pairOf('PS256').jwk, alg: 'RS256' } }, {}],
  ])('is not taken over for %s', async (_, changes, claims) => {
    const { key } = await create({ publicKey: pairOf('PS256').jwk })
    const there = await tamper((text) => {
      const [own] = keysIn(text)
      return JSON.stringify({ ...JSON.parse(text), keys: [{ ...own, ...changes }] })
    })
    const kid = 'id' in changes ? changes.id : key.id

    for (const alg of ['PS256', 'RS256'])
      expect(await judged({ kid, alg, claims }, undefined, there)).toBe('assertion_key')
  })
})

describe('a public key of the configuration', () => {
  it('ends as the configuration says, or sooner', async () => {
    const boot = { kid: 'boot', alg: 'PS256' }
    expect((await here.keys.list('acme'))[0]?.expiresAt).toBe(world.clock() + 2 * HOUR)
    const later = await here.keys.expire(change('boot'), 3 * HOUR)
    expect(later.expiresAt).toBe(world.clock() + 2 * HOUR)
    const sooner = await here.keys.expire(change('boot'), HOUR)
    expect(sooner.expiresAt).toBe(world.clock() + HOUR)

    expect(await judged(boot)).toBe('boot')
    world.advance(HOUR)
    expect(await judged(boot)).toBe('expired')
  })

  it('is revoked for good, also for a process that starts later', async () => {
    await here.keys.revoke(change('boot'))
    const later = world.replica()
    await later.authenticator.freshen()

    for (const where of [here, later])
      expect(await judged({ kid: 'boot', alg: 'PS256' }, undefined, where)).toBe('assertion_key')
    expect(await here.keys.list('acme')).toEqual([])
  })
})

describe('a key that is replaced', () => {
  it('by a public key goes on for a while, beside its successor with the same rights', async () => {
    const old = await create({ name: 'nightly', cidrs: ['192.0.2.0/24'], lifetimeMs: 24 * HOUR })
    const next = await here.keys.rotate(change(old.key.id), HOUR, pairOf('EdDSA').jwk)
    const [older, newer] = [{ kid: old.key.id }, { kid: next.key.id, alg: 'EdDSA' }]

    expect(next.key).toMatchObject({
      name: 'nightly',
      scopes: ['tokens'],
      cidrs: ['192.0.2.0/24'],
      replaces: old.key.id,
      publicKey: pairOf('EdDSA').jwk,
      expiresAt: world.clock() + 24 * HOUR,
    })
    expect([await judged(older, '192.0.2.7'), await judged(newer, '192.0.2.7')]).toEqual([
      old.key.id,
      next.key.id,
    ])
    world.advance(HOUR)
    expect([await judged(older, '192.0.2.7'), await judged(newer, '192.0.2.7')]).toEqual([
      'expired',
      next.key.id,
    ])
  })

  it('may be an API key: so a portal moves on to assertions', async () => {
    const old = await here.keys.create('acme', { scopes: ['tokens', 'connect'] }, BY)
    const next = await here.keys.rotate(change(old.key.id), HOUR, jwk)

    expect(next.apiKey).toBeUndefined()
    expect(next.key.scopes).toEqual(['tokens', 'connect'])
    expect(await judged({ kid: next.key.id })).toBe(next.key.id)
    expect(here.authenticator.identify(callerOf(`Bearer ${textOf(old)}`))).not.toBeNull()
  })

  it('is never replaced by an API key, nor by itself', async () => {
    const { key } = await create()
    const refused = {
      code: 'invalid_request',
      extras: { errors: [expect.objectContaining({ field: '/public_key' })] },
    }

    await expect(here.keys.rotate(change(key.id), 0)).rejects.toMatchObject(refused)
    await expect(here.keys.rotate(change(key.id), 0, jwk)).rejects.toMatchObject(refused)
    await expect(here.keys.rotate(change('boot'), 0)).rejects.toMatchObject(refused)
    expect(await judged({ kid: key.id })).toBe(key.id)
    expect(await here.keys.list('acme')).toHaveLength(2)
  })
})
