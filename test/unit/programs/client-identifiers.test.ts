import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  type ClientIdentifiers,
  createClientIdentifiers,
} from '../../../src/programs/client-identifiers.ts'
import type { NewPromotion, Promotion } from '../../../src/programs/promotions.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { idpRefusal, noTrust, outage, refusal } from './knox-errors.ts'

const OLD = new Secret('old')
const NEW = new Secret('new')
const PAUSE_MS = 2000

/** What Samsung answers, by Client Identifier; a token when nothing is said. */
let answers: Map<string, () => Error>
let asked: string[]
let now: number
let word: Promotion | undefined
let published: NewPromotion[]
let identifiers: ClientIdentifiers

function create(...[first, ...more]: readonly [Secret, ...Secret[]]): ClientIdentifiers {
  return createClientIdentifiers({
    programId: 'emm-eu',
    identifiers: [first, ...more],
    fingerprint: (identifier) => `f-${identifier.reveal()}`,
    shared: {
      newest: () => word,
      freshen: async () => {},
      publish: (promotion) => void published.push(promotion),
    },
    pauseMs: PAUSE_MS,
    clock: () => now,
  })
}

beforeEach(() => {
  answers = new Map()
  asked = []
  now = 1_000_000
  word = undefined
  published = []
  identifiers = create(OLD, NEW)
})

const attempt = async (identifier: Secret): Promise<string> => {
  const name = identifier.reveal()
  asked.push(name)
  await new Promise(setImmediate)
  const failure = answers.get(name)?.()
  if (failure !== undefined) throw failure
  return `a token for ${name}`
}
const exchange = () => identifiers.exchange(attempt)
const herd = (size: number) => Promise.allSettled(Array.from({ length: size }, exchange))
const refused = (...names: readonly string[]) => {
  for (const name of names) answers.set(name, refusal)
}
const PROMOTION = { program: 'emm-eu', active: 'f-new', refused: 'f-old' }
const shared = (changes: Partial<Promotion> = {}): Promotion => ({
  ...PROMOTION,
  by: 'another',
  at: now,
  ...changes,
})

describe('one Client Identifier', () => {
  it('is asked with once, and its refusal told', async () => {
    identifiers = create(OLD)
    refused('old')

    await expect(exchange()).rejects.toMatchObject({ upstream: { code: '4012250' } })
    expect(asked).toEqual(['old'])
    expect(identifiers.state()).toEqual({ configured: 1, place: 1, fingerprint: 'f-old' })
  })
})

describe('the first of two', () => {
  it('is the one that is used, and the other is left alone', async () => {
    expect(await exchange()).toBe('a token for old')
    expect(asked).toEqual(['old'])
    expect(published).toEqual([])
    expect(identifiers.state()).toEqual({ configured: 2, place: 1, fingerprint: 'f-old' })
  })

  it('gives way to the other when it is refused, for that exchange and from then on', async () => {
    refused('old')

    expect(await exchange()).toBe('a token for new')
    expect(await exchange()).toBe('a token for new')
    expect(asked).toEqual(['old', 'new', 'new'])
    expect(published).toEqual([PROMOTION])
    expect(identifiers.state()).toEqual({ configured: 2, place: 2, fingerprint: 'f-new' })
    expect(identifiers.active()).toBe(NEW)
  })

  it('is used again when the other is refused one day', async () => {
    refused('old')
    await exchange()
    answers.clear()
    refused('new')

    expect(await exchange()).toBe('a token for old')
    expect(published).toEqual([PROMOTION, { ...PROMOTION, active: 'f-old', refused: 'f-new' }])
  })

  it.each([
    ['the customer’s token is refused', idpRefusal],
    ['the customer has no trust', noTrust],
    ['Samsung is out of order', outage],
    ['our address is refused', () => refusal('4042251')],
  ])('stays when %s', async (_, failure) => {
    answers.set('old', failure)

    await expect(exchange()).rejects.toMatchObject({ name: 'KnoxError' })
    expect(asked).toEqual(['old'])
  })
})

describe('a herd of exchanges that are all refused', () => {
  it('costs one attempt with the other, then each goes on with it: one promotion', async () => {
    refused('old')

    const ended = await herd(50)

    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'fulfilled'))
    expect(asked.slice(0, 51)).toEqual([...ended.map(() => 'old'), 'new'])
    expect(asked).toHaveLength(100)
    expect(published).toEqual([PROMOTION])
  })

  it('costs one attempt in vain when the other is refused as well, and the first refusal is told', async () => {
    answers.set('old', () => refusal('4012250'))
    answers.set('new', () => refusal('4010050'))

    const ended = await herd(50)

    expect(ended).toEqual(
      ended.map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({ upstream: expect.objectContaining({ code: '4012250' }) }),
      })),
    )
    expect(asked.filter((name) => name === 'new')).toHaveLength(1)
    expect(published).toEqual([])
  })

  it('hears of an outage together, instead of waiting for it one after the other', async () => {
    refused('old')
    answers.set('new', outage)

    const ended = await herd(50)

    expect(ended.map((one) => one.status === 'rejected' && one.reason.kind)).toEqual(
      ended.map(() => 'transient'),
    )
    expect(asked.filter((name) => name === 'new')).toHaveLength(1)
  })

  it('does not go by one customer whose own token is refused', async () => {
    refused('old')
    const failures = [idpRefusal]
    answers.set('new', () => failures.pop()?.() as Error)

    const ended = await herd(10)

    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    expect(published).toEqual([PROMOTION])
  })
})

describe('when both are refused', () => {
  beforeEach(async () => {
    refused('old', 'new')
    await expect(exchange()).rejects.toThrow()
    asked = []
  })

  it('the other is not tried again before the pause is over', async () => {
    now += PAUSE_MS - 1

    await expect(exchange()).rejects.toThrow()
    expect(asked).toEqual(['old'])
  })

  it('it is tried again after the pause, and used if it is accepted by then', async () => {
    now += PAUSE_MS
    answers.delete('new')

    expect(await exchange()).toBe('a token for new')
    expect(asked).toEqual(['old', 'new'])
  })
})

it('takes missing trust for a proof: Knox looks at that after it has looked at us', async () => {
  refused('old')
  answers.set('new', noTrust)

  await expect(exchange()).rejects.toMatchObject({ kind: 'trust' })
  expect(published).toEqual([PROMOTION])
  expect(identifiers.state().place).toBe(2)
})

describe('the word of another replica', () => {
  it('is followed without a refused exchange', async () => {
    word = shared()

    expect(await exchange()).toBe('a token for new')
    expect(published).toEqual([])
  })

  it('that comes with the refusal is followed without a trial', async () => {
    const failures = [refusal]
    answers.set('old', () => {
      word = shared()
      return failures.pop()?.() as Error
    })

    expect(await exchange()).toBe('a token for new')
    expect(asked).toEqual(['old', 'new'])
    expect(published).toEqual([])
  })

  it('is followed once: what this process finds out later counts more', async () => {
    word = shared()
    refused('new')
    await exchange()
    asked = []

    expect(await exchange()).toBe('a token for old')
    expect(asked).toEqual(['old'])
    word = shared({ at: now + 1 })
    expect(identifiers.active()).toBe(NEW)
  })

  it('about identifiers that are not configured any more is passed over', async () => {
    word = shared({ refused: 'f-older' })

    expect(identifiers.active()).toBe(OLD)
  })
})
