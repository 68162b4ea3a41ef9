import { beforeEach, describe, expect, it } from '@jest/globals'
import { MAX_KEYS_PER_PORTAL } from '../../../src/access/credential-transitions.ts'
import type { MadeKey } from '../../../src/access/portal-keys.ts'
import { createApiKey } from '../../../src/portal/api-key.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { codeOf } from '../vault/support/world.ts'
import { createKeysWorld, PEPPER, portalOf } from './support/book.ts'
import { callerOf, textOf } from './support/keys.ts'

const HOUR = 3_600_000
const BY = 'operate'
const configured = createApiKey(PEPPER, { scopes: ['tokens', 'connect'], id: 'boot' })
const acme = portalOf('acme', { apiKeys: [configured.entry] })

let world: ReturnType<typeof createKeysWorld>
let here: ReturnType<typeof world.replica>

beforeEach(() => {
  world = createKeysWorld([acme, portalOf('other')])
  here = world.replica()
})

const bearer = (made: Pick<MadeKey, 'apiKey'>) => callerOf(`Bearer ${textOf(made)}`)
const opens = (made: Pick<MadeKey, 'apiKey'>, where = here) =>
  where.authenticator.identify(bearer(made)) !== null
const change = (keyId: string, portalId = 'acme') => ({ portalId, keyId, by: BY })
const idsOf = async (portalId = 'acme') => (await here.keys.list(portalId)).map(({ id }) => id)

describe('a key that is made', () => {
  it('opens at once, with its own rights, and is kept nowhere', async () => {
    const wish = { scopes: ['tokens'], name: 'nightly', programs: ['emm-eu'] } as const
    const made = await here.keys.create('acme', wish, BY)

    expect(here.authenticator.identify(bearer(made))).toMatchObject({
      portal: { id: 'acme', programs: ['emm-eu'] },
      apiKeyId: made.key.id,
      scopes: new Set(['tokens']),
      programs: new Set(['emm-eu']),
    })
    expect(made.key).toMatchObject({
      portalId: 'acme',
      source: 'store',
      name: 'nightly',
      hasExpired: false,
      createdAt: world.clock(),
      createdBy: BY,
    })
    const stored = (await world.store.read(documentKey('credentials'))).document?.text ?? ''
    expect(stored).toContain(made.key.id)
    expect(stored).not.toContain(textOf(made).slice(-43))
    expect(JSON.stringify([world.lines, world.events])).not.toContain(textOf(made).slice(-43))
  })

  it('opens in another process once that has asked', async () => {
    const there = world.replica()
    const made = await here.keys.create('acme', { scopes: ['tokens'] }, BY)

    expect(opens(made, there)).toBe(false)
    world.advance(1000)
    await there.authenticator.freshen()
    expect(opens(made, there)).toBe(true)
  })

  it('is none for a portal that is not configured, or a program that it does not have', async () => {
    const unknown = here.keys.create('nobody', { scopes: ['tokens'] }, BY)
    const foreign = { scopes: ['tokens'], programs: ['emm-eu', 'msp'] } as const

    expect(await codeOf(unknown)).toBe('not_found')
    await expect(here.keys.create('acme', foreign, BY)).rejects.toMatchObject({
      code: 'invalid_request',
      extras: { errors: [{ field: '/programs/1', rule: expect.any(String) }] },
    })
    expect(await idsOf()).toEqual(['boot'])
  })

  it('is none where nothing can be recorded, while revoking goes on', async () => {
    const made = await here.keys.create('acme', { scopes: ['tokens'] }, BY)
    world.seen.writable = false

    await expect(here.keys.create('acme', { scopes: ['tokens'] }, BY)).rejects.toThrow(TypeError)
    await expect(here.keys.rotate(change(made.key.id), HOUR)).rejects.toThrow(TypeError)
    await here.keys.revoke(change(made.key.id))
    expect(opens(made)).toBe(false)
  })

  it('is one of a hundred at most, and not in another portal’s way', async () => {
    for (let i = 0; i < MAX_KEYS_PER_PORTAL; i++)
      await here.keys.create('acme', { scopes: ['tokens'], lifetimeMs: HOUR }, BY)

    const more = () => here.keys.create('acme', { scopes: ['tokens'] }, BY)
    expect(await codeOf(more())).toBe('invalid_request')
    await here.keys.create('other', { scopes: ['tokens'] }, BY)
    // What has expired is listed for a month, and then makes room.
    world.advance(HOUR + 30 * 24 * HOUR)
    await more()
    expect(await idsOf()).toHaveLength(2)
  })
})

describe('a key that expires', () => {
  it('opens until then and not from then on', async () => {
    const made = await here.keys.create('acme', { scopes: ['tokens'], lifetimeMs: HOUR }, BY)
    const [expiring] = [made.key.expiresAt ?? 0]

    world.advance(HOUR - 1)
    expect([opens(made), expiring - world.clock()]).toEqual([true, 1])
    world.advance(1)
    expect(opens(made)).toBe(false)
    expect(here.authenticator.explain(bearer(made))).toEqual({
      apiKeyId: made.key.id,
      reason: 'expired',
    })
    expect((await here.keys.list('acme')).at(-1)).toMatchObject({ hasExpired: true })
  })

  it('can be given a nearer end, never a later one', async () => {
    const made = await here.keys.create('acme', { scopes: ['tokens'], lifetimeMs: HOUR }, BY)
    const id = made.key.id
    const endsAt = world.clock() + HOUR

    expect((await here.keys.expire(change(id), 2 * HOUR)).expiresAt).toBe(endsAt)
    expect((await here.keys.expire(change(id), HOUR / 2)).expiresAt).toBe(endsAt - HOUR / 2)
    expect((await here.keys.expire(change(id), 0)).hasExpired).toBe(true)
    expect(opens(made)).toBe(false)
  })
})

describe('a rotation', () => {
  it('makes a key with the same rights, and ends the old one after the overlap', async () => {
    const wish = {
      scopes: ['tokens', 'connect'],
      name: 'nightly',
      programs: ['emm-us'],
      cidrs: ['192.0.2.0/24'],
      proxy: { methods: ['GET'] },
      lifetimeMs: 24 * HOUR,
    } as const
    const old = await here.keys.create('acme', wish, BY)
    world.advance(HOUR)

    const next = await here.keys.rotate(change(old.key.id), 2 * HOUR)

    const { lifetimeMs, ...rights } = wish
    expect(next.key).toMatchObject({ ...rights, replaces: old.key.id })
    expect(next.key.expiresAt).toBe(world.clock() + lifetimeMs)
    const from = (made: MadeKey) =>
      here.authenticator.identify(callerOf(`Bearer ${textOf(made)}`, '192.0.2.1')) !== null
    expect([from(old), from(next)]).toEqual([true, true])
    world.advance(2 * HOUR)
    expect([from(old), from(next)]).toEqual([false, true])
  })

  it('does not lengthen the life of the old one, and is none of a key that has ended', async () => {
    const old = await here.keys.create('acme', { scopes: ['tokens'], lifetimeMs: HOUR }, BY)
    await here.keys.rotate(change(old.key.id), 5 * HOUR)

    const [, listed] = await here.keys.list('acme')
    expect(listed?.expiresAt).toBe(old.key.expiresAt)
    world.advance(HOUR)
    expect(await codeOf(here.keys.rotate(change(old.key.id), HOUR))).toBe('invalid_request')
  })
})

describe('a revocation', () => {
  it('ends a key at once, and it is found no more', async () => {
    const made = await here.keys.create('acme', { scopes: ['tokens'] }, BY)
    expect(opens(made)).toBe(true)

    await here.keys.revoke(change(made.key.id))

    expect(opens(made)).toBe(false)
    expect(await codeOf(here.keys.revoke(change(made.key.id)))).toBe('not_found')
    expect(await codeOf(here.keys.rotate(change(made.key.id), HOUR))).toBe('not_found')
    expect(await codeOf(here.keys.expire(change(made.key.id), HOUR))).toBe('not_found')
  })

  it('is none by way of another portal', async () => {
    const made = await here.keys.create('acme', { scopes: ['tokens'] }, BY)

    expect(await codeOf(here.keys.revoke(change(made.key.id, 'other')))).toBe('not_found')
    expect(await codeOf(here.keys.rotate(change('boot', 'other'), HOUR))).toBe('not_found')
    expect(opens(made)).toBe(true)
    expect(await idsOf('other')).toEqual([])
  })
})

describe('a key of the configuration', () => {
  it('is listed first, can be rotated, and ends with the overlap', async () => {
    const next = await here.keys.rotate(change('boot'), HOUR)

    expect(next.key).toMatchObject({ source: 'store', scopes: ['tokens', 'connect'] })
    expect(await here.keys.list('acme')).toMatchObject([
      { id: 'boot', source: 'configuration', expiresAt: world.clock() + HOUR },
      { id: next.key.id, replaces: 'boot' },
    ])
    expect(opens(configured)).toBe(true)
    world.advance(HOUR)
    expect([opens(configured), opens(next)]).toEqual([false, true])
  })

  it('stays revoked where it is still configured; another key of its id is another key', async () => {
    await here.keys.revoke(change('boot'))

    expect(opens(configured)).toBe(false)
    expect(await idsOf()).toEqual([])
    expect(await codeOf(here.keys.expire(change('boot'), 0))).toBe('not_found')
    const again = createApiKey(PEPPER, { scopes: ['tokens'], id: 'boot' })
    const restarted = createKeysWorld([portalOf('acme', { apiKeys: [again.entry] })])
    const there = restarted.replica(world.store)
    await there.authenticator.freshen()
    expect(opens(again, there)).toBe(true)
    expect(opens(configured, there)).toBe(false)
  })
})

describe('every change', () => {
  it('is logged and recorded, without a word of the key', async () => {
    const made = await here.keys.create('acme', { scopes: ['tokens'] }, BY)
    const next = await here.keys.rotate(change(made.key.id), HOUR)
    await here.keys.expire(change(next.key.id), HOUR)
    await here.keys.revoke(change(made.key.id))

    expect(world.events).toEqual([
      { event: 'api_key_created', portalId: 'acme', subject: made.key.id },
      { event: 'api_key_created', portalId: 'acme', subject: next.key.id, reason: 'rotated' },
      { event: 'api_key_changed', portalId: 'acme', subject: made.key.id, reason: 'rotated' },
      { event: 'api_key_changed', portalId: 'acme', subject: next.key.id, reason: 'expired' },
      { event: 'api_key_revoked', portalId: 'acme', subject: made.key.id },
    ])
    const told = world.lines.map((line) => JSON.parse(line))
    expect(told.map(({ event }) => event)).toEqual([
      'portal_key_created',
      'portal_key_rotated',
      'portal_key_expired',
      'portal_key_revoked',
    ])
    expect(told[0]).toMatchObject({ portalId: 'acme', apiKeyId: made.key.id, role: BY })
  })
})
