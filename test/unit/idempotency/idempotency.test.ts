import { createSecretKey, randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { createIdempotency } from '../../../src/idempotency/idempotency.ts'
import { nameCall } from '../../../src/idempotency/names.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { limitStoreTime } from '../../../src/shared/store-time.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createBudgetedStore } from '../../../src/vault/store-budget.ts'
import { eventually } from '../../support/eventually.ts'
import { createFaultyStore } from '../vault/support/faulty-store.ts'
import { codeOf, createWorld } from '../vault/support/world.ts'

const RETENTION_MS = 86_400_000
const CLAIM_MS = 30_000
const CALL = {
  portalId: 'acme',
  apiKeyId: 'key-1',
  route: 'POST /v1/connect-sessions',
  key: 'canary-key',
  body: { tenant_ref: 'canary-tenant' },
}
const nameKey = createSecretKey(randomBytes(32))
const { id } = nameCall(nameKey, CALL)

let world: ReturnType<typeof build>
beforeEach(() => {
  world = build()
})

function build() {
  let faulty: ReturnType<typeof createFaultyStore> | undefined
  let isHeld = (_text: string): boolean => false
  let gate = Promise.resolve()
  const parts = createWorld({
    wrapStore(store) {
      faulty = createFaultyStore(store)
      const { compareAndSet } = faulty.store
      return createBudgetedStore({
        ...faulty.store,
        async compareAndSet(key, revision, text, ...more) {
          if (isHeld(text)) await gate
          return compareAndSet(key, revision, text, ...more)
        },
      })
    },
  })
  const { store, envelope, log } = parts
  const settings = { retentionMs: RETENTION_MS, claimMs: CLAIM_MS }
  const idempotency = createIdempotency({ store, envelope, nameKey, settings, log })
  let made = 0
  const make = async () => {
    made += 1
    return { status: 201, location: `/canary/${made}`, body: `{"made":${made}}` }
  }
  return {
    ...parts,
    faulty: faulty as ReturnType<typeof createFaultyStore>,
    /** Writes whose text fits wait; returns what lets them go on. */
    holdWrites(fits: (text: string) => boolean) {
      const { promise, resolve } = Promise.withResolvers<void>()
      isHeld = fits
      gate = promise
      return resolve
    },
    made: () => made,
    make,
    run: (changes: Partial<typeof CALL> | { body: unknown } = {}, create = make) =>
      idempotency.run({ ...CALL, ...changes }, create),
    stored: async () => (await parts.store.read(documentKey(id))).document?.text ?? null,
  }
}

/** A create that is under way until it is let go on. */
function held() {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: gate, resolve: finish } = Promise.withResolvers<void>()
  const create = async () => {
    begin()
    await gate
    return world.make()
  }
  return { create, begun, finish }
}

const refuse = (code: 'connection_exists' | 'store_unavailable') => () =>
  Promise.reject(new ServiceError(code))

describe('an answer', () => {
  it('is given again, and nothing is done a second time', async () => {
    const first = await world.run()
    const second = await world.run()

    expect(first).toEqual({
      answer: { status: 201, location: '/canary/1', body: '{"made":1}' },
      isReplay: false,
    })
    expect(second).toEqual({ answer: first.answer, isReplay: true })
    expect(world.made()).toBe(1)
  })

  it.each([
    [RETENTION_MS - 1, true],
    [RETENTION_MS, false],
  ])('that is %d ms old is given again: %j', async (age, isReplay) => {
    await world.run()
    world.advance(age)

    expect((await world.run()).isReplay).toBe(isReplay)
  })

  it('is refused to another body, which may come with another key', async () => {
    await world.run()

    expect(await codeOf(world.run({ body: { tenant_ref: 'other' } }))).toBe(
      'idempotency_key_reused',
    )
    expect((await world.run({ key: 'other', body: { tenant_ref: 'other' } })).isReplay).toBe(false)
  })

  it('lies in the store sealed, with nothing of the key, the body or itself to be read', async () => {
    await world.run()

    const text = (await world.stored()) ?? ''
    expect(JSON.parse(text)).toMatchObject({ phase: 'answered', answer: expect.any(String) })
    expect(text).not.toMatch(/canary|made/)
    expect(id).not.toContain('canary')
  })

  it('that was moved to the place of another is not believed', async () => {
    await world.run()
    const text = (await world.stored()) ?? ''
    const other = nameCall(nameKey, { ...CALL, key: 'other' })
    const moved = JSON.stringify({ ...JSON.parse(text), id: other.id })
    await world.store.compareAndSet(documentKey(other.id), 0, text, 'w1')
    expect(await codeOf(world.run({ key: 'other' }))).toBe('record_unreadable')

    const asItsOwn = JSON.stringify({ ...JSON.parse(moved), fingerprint: other.fingerprint })
    await world.store.compareAndSet(documentKey(other.id), 1, asItsOwn, 'w2')
    expect(await codeOf(world.run({ key: 'other' }))).toBe('record_unreadable')
    expect(world.made()).toBe(1)
  })
})

describe('while a request is under way', () => {
  it('the same one is told to come again, and another body that the key is taken', async () => {
    const { create, begun, finish } = held()
    const first = world.run({}, create)
    await begun

    const again = await world.run().catch((error: unknown) => error)
    expect(again).toMatchObject({
      code: 'idempotency_in_progress',
      extras: { retryAfterSeconds: 1 },
    })
    expect(await codeOf(world.run({ body: {} }))).toBe('idempotency_key_reused')

    finish()
    const { answer } = await first
    expect(await world.run()).toEqual({ answer, isReplay: true })
  })

  it.each([
    [CLAIM_MS - 1, 'idempotency_in_progress', 0],
    [CLAIM_MS, 'resolved', 1],
  ])('its claim of %d ms age gives: %s', async (age, code, takenOver) => {
    const { create, begun } = held()
    void world.run({}, create)
    await begun
    world.advance(age)

    expect(await codeOf(world.run())).toBe(code)
    expect(world.events('idempotency_claim_taken_over')).toHaveLength(takenOver)
  })

  it('and is too slow, its answer does not replace that of who took over', async () => {
    const { create, begun, finish } = held()
    const slow = world.run({}, create)
    await begun
    world.advance(CLAIM_MS)
    const { answer } = await world.run()

    finish()

    expect((await slow).answer).not.toEqual(answer)
    expect(await world.run()).toEqual({ answer, isReplay: true })
  })

  it('one of many at the same time does it, and the others learn its answer or wait', async () => {
    const many = await Promise.allSettled(Array.from({ length: 20 }, () => world.run()))

    const codes = many.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.code))
    expect(codes.filter((code) => code !== 'done' && code !== 'idempotency_in_progress')).toEqual(
      [],
    )
    expect(world.made()).toBe(1)
  })
})

describe('a failure', () => {
  it.each(['connection_exists', 'store_unavailable'] as const)(
    'such as %s is not kept: the key is free for the same body and for another',
    async (code) => {
      expect(await codeOf(world.run({}, refuse(code)))).toBe(code)
      expect(await codeOf(world.run({ body: {} }, refuse(code)))).toBe(code)

      expect((await world.run()).isReplay).toBe(false)
      expect(world.made()).toBe(1)
    },
  )

  it('that is a defect frees the key as well', async () => {
    const broken = () => Promise.reject(new TypeError('a defect'))
    await expect(world.run({}, broken)).rejects.toBeInstanceOf(TypeError)

    expect((await world.run()).isReplay).toBe(false)
  })
})

describe('when the store is away', () => {
  it('before the claim, nothing is done', async () => {
    world.faulty.setDown(true)
    expect(await codeOf(world.run())).toBe('store_unavailable')
    world.faulty.setDown(false)

    expect(world.made()).toBe(0)
    expect((await world.run()).isReplay).toBe(false)
  })

  it('and the claim was written all the same, the key is free when the claim has ended', async () => {
    world.faulty.failWrites(Array(4).fill('applied_unanswered'))
    expect(await codeOf(world.run())).toBe('store_unavailable')
    expect(world.made()).toBe(0)

    expect(await codeOf(world.run())).toBe('idempotency_in_progress')
    world.advance(CLAIM_MS)
    expect(await codeOf(world.run())).toBe('resolved')
  })

  it('after the work, the answer is given, and the key is free when the claim has ended', async () => {
    const { answer } = await world.run({}, async () => {
      const made = await world.make()
      world.faulty.setDown(true)
      return made
    })
    world.faulty.setDown(false)

    expect(answer.body).toBe('{"made":1}')
    expect(world.events('idempotent_answer_not_stored')).toHaveLength(1)
    expect(await codeOf(world.run())).toBe('idempotency_in_progress')
    world.advance(CLAIM_MS)
    expect((await world.run()).answer.body).toBe('{"made":2}')
  })

  it('after a failure, that failure is told, and the key is free when the claim has ended', async () => {
    const create = () => {
      world.faulty.setDown(true)
      return refuse('connection_exists')()
    }
    expect(await codeOf(world.run({}, create))).toBe('connection_exists')
    world.faulty.setDown(false)

    expect(world.events('idempotency_key_not_released')).toHaveLength(1)
    expect(await codeOf(world.run())).toBe('idempotency_in_progress')
    world.advance(CLAIM_MS)
    expect(await codeOf(world.run())).toBe('resolved')
  })

  it('for longer than a request waits, the answer is given and stored when it is back', async () => {
    const back = world.holdWrites((text) => text.includes('"answered"'))

    const { answer } = await limitStoreTime(50, () => world.run())
    expect(await codeOf(world.run())).toBe('idempotency_in_progress')
    back()

    await eventually(async () => (await world.run()).isReplay)
    expect(await world.run()).toEqual({ answer, isReplay: true })
    expect(world.made()).toBe(1)
  })
})
