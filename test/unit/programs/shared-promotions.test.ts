import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  addPromotion,
  type NewPromotion,
  NO_PROMOTIONS,
  parsePromotionBook,
  placeIn,
} from '../../../src/programs/promotions.ts'
import { createSharedPromotions } from '../../../src/programs/shared-promotions.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { recordLog } from '../http/serve.ts'
import { createFaultyStore } from '../vault/support/faulty-store.ts'
import { codeOf } from '../vault/support/world.ts'

const PROMOTION: NewPromotion = { program: 'emm-eu', active: 'f-new', refused: 'f-old' }
const BACK: NewPromotion = { ...PROMOTION, active: 'f-old', refused: 'f-new' }

let now: number
let logged: ReturnType<typeof recordLog>
let faulty: ReturnType<typeof createFaultyStore>
let reported: NewPromotion[]

beforeEach(() => {
  now = 1_000_000
  logged = recordLog()
  reported = []
  faulty = createFaultyStore(createMemoryStore({ clock: () => now }))
})

const create = () =>
  createSharedPromotions({
    onNew: (promotion) => void reported.push(promotion),
    clock: () => now,
    log: logged.log,
  })
async function replica() {
  const shared = create()
  await shared.start(faulty.store)
  shared.stop()
  return shared
}

describe('a promotion', () => {
  it('is known to the other replica, and reported by one of them', async () => {
    const [here, there] = [await replica(), await replica()]

    here.publish(PROMOTION)
    await here.idle()
    await there.freshen()
    there.publish(PROMOTION)
    await there.idle()

    for (const one of [here, there])
      expect(one.newest('emm-eu')).toMatchObject({ ...PROMOTION, at: now })
    expect(here.newest('emm-us')).toBeUndefined()
    expect(reported).toEqual([PROMOTION])
  })

  it('that two replicas find at once is reported once', async () => {
    const replicas = await Promise.all([replica(), replica(), replica()])

    for (const one of replicas) one.publish(PROMOTION)
    await Promise.all(replicas.map((one) => one.idle()))

    expect(reported).toEqual([PROMOTION])
  })

  it('and the way back are two, each of which is reported', async () => {
    const here = await replica()

    for (const one of [PROMOTION, BACK, PROMOTION]) {
      here.publish(one)
      await here.idle()
    }

    expect(reported).toEqual([PROMOTION, BACK, PROMOTION])
  })

  it('that cannot be written is reported all the same', async () => {
    const here = await replica()
    faulty.setDown(true)

    here.publish(PROMOTION)
    await here.idle()

    expect(reported).toEqual([PROMOTION])
    expect(await logged.event('client_identifier_not_shared')).toMatchObject({ level: 'warn' })
  })
})

it('is this process’s own before it is started', async () => {
  const alone = create()

  alone.publish(PROMOTION)
  await alone.idle()
  await alone.freshen()

  expect(alone.newest('emm-eu')).toBeUndefined()
  expect(reported).toEqual([PROMOTION])
})

it('does not keep a process from starting when what is stored is damaged', async () => {
  const key = documentKey('client_identifiers')
  await faulty.store.compareAndSet(key, 0, '{}', 'w1', { durable: false })

  const here = await replica()

  expect(here.newest('emm-eu')).toBeUndefined()
  expect(await logged.event('shared_document_unreadable')).toMatchObject({ level: 'error' })
  here.publish(PROMOTION)
  await here.idle()
  expect(reported).toEqual([PROMOTION])
})

describe('the document', () => {
  const stored = addPromotion(NO_PROMOTIONS, { ...PROMOTION, by: 'a' }, 7)

  it('is read as it was written, and anything else is refused', async () => {
    expect(parsePromotionBook(JSON.stringify(stored))).toEqual(stored)
    for (const text of ['', '{}', '[]', JSON.stringify({ ...stored, type: 'freezes' })])
      expect(await codeOf(Promise.resolve().then(() => parsePromotionBook(text)))).toBe(
        'record_unreadable',
      )
  })

  it('holds one promotion per program', () => {
    const other = addPromotion(stored ?? NO_PROMOTIONS, { ...PROMOTION, program: 'us', by: 'b' }, 8)
    const back = addPromotion(other ?? NO_PROMOTIONS, { ...BACK, by: 'c' }, 9)

    expect(back?.promotions).toEqual([
      { ...PROMOTION, program: 'us', by: 'b', at: 8 },
      { ...BACK, by: 'c', at: 9 },
    ])
  })

  it('is not changed by a promotion that it has', () => {
    expect(addPromotion(stored ?? NO_PROMOTIONS, { ...PROMOTION, by: 'b' }, 8)).toBeNull()
  })
})

it.each([
  [['f-old', 'f-new'], 1],
  [['f-new', 'f-old'], 0],
  [['f-new'], null],
  [['f-newer', 'f-new'], null],
  [['f-old', 'f-newer'], null],
] as const)('means, where %j are configured, the one at place %j', (fingerprints, place) => {
  expect(placeIn(fingerprints, { ...PROMOTION, by: 'a', at: 1 })).toBe(place)
})
