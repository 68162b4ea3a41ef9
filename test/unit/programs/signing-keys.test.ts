import { beforeEach, describe, expect, it } from '@jest/globals'
import { createSigningKeys, type SigningKeys } from '../../../src/programs/signing-keys.ts'
import type { KeyPair } from '../../../src/signing/key-pair.ts'
import type { SigningKey } from '../../../src/signing/signing-key.ts'
import { makeRsa } from '../signing/key-material.ts'
import { idpRefusal, noTrust, outage, refusal } from './knox-errors.ts'

const { privateKey } = makeRsa(2048)
const pairOf = (thumbprint: string, publicKeyVerbatim = thumbprint): KeyPair => ({
  privateKey,
  publicKeySpki: thumbprint,
  publicKeyVerbatim,
  modulusBits: 2048,
  thumbprint,
})
const OLD = pairOf('old')
const NEW = pairOf('new')

let now: number
let told: string[]
let answers: Map<string, () => Error>
let asked: string[]
let keys: SigningKeys

beforeEach(() => {
  now = 1_000_000
  told = []
  asked = []
  answers = new Map()
  keys = createSigningKeys({
    pair: OLD,
    onActivated: ({ thumbprint }) => told.push(`activated ${thumbprint}`),
    onRefused: ({ thumbprint }, { upstream }) =>
      told.push(`refused ${thumbprint} ${upstream.code}`),
    clock: () => now,
  })
})

const attempt = async ({ pair }: SigningKey, isTrial: boolean): Promise<string> => {
  asked.push(isTrial ? `${pair.thumbprint}?` : pair.thumbprint)
  await new Promise(setImmediate)
  const failure = answers.get(pair.thumbprint)?.()
  if (failure !== undefined) throw failure
  return pair.thumbprint
}
const exchange = () => keys.exchange(attempt)
const facts = (thumbprint: string, loadedAt: number) => ({
  thumbprint,
  modulusBits: 2048,
  loadedAt,
})

describe('a key pair that is offered', () => {
  it('waits, and the old one signs until an exchange with it was accepted', async () => {
    now += 5
    expect(keys.offer(NEW)).toBe('pending')
    expect(keys.active().pair).toBe(OLD)
    expect(keys.state()).toEqual({
      active: facts('old', 1_000_000),
      pending: facts('new', 1_000_005),
      failure: null,
    })

    expect(await exchange()).toBe('new')

    expect(keys.state()).toEqual({ active: facts('new', 1_000_005), pending: null, failure: null })
    expect(await exchange()).toBe('new')
    expect(asked).toEqual(['new?', 'new'])
    expect(told).toEqual(['activated new'])
  })

  it('is dropped when it is refused, and that exchange is made with the old one', async () => {
    keys.offer(NEW)
    answers.set('new', refusal)

    expect(await exchange()).toBe('old')
    expect(await exchange()).toBe('old')

    expect(asked).toEqual(['new?', 'old', 'old'])
    expect(told).toEqual(['refused new 4012250'])
    expect(keys.state()).toEqual({
      active: facts('old', 1_000_000),
      pending: null,
      failure: { at: now, outcome: 'refused', reason: '4012250' },
    })
  })

  it('is tried by one exchange at a time; the others use the old one meanwhile', async () => {
    keys.offer(NEW)

    expect(await Promise.all([exchange(), exchange(), exchange()])).toEqual(['new', 'old', 'old'])
    expect(asked).toEqual(['new?', 'old', 'old'])
  })

  it.each([
    ['the customer’s own token', idpRefusal],
    ['an outage', outage],
    ['our address', () => refusal('4042251')],
  ])('waits on when the exchange fails for %s', async (_, failure) => {
    keys.offer(NEW)
    answers.set('new', failure)

    await expect(exchange()).rejects.toMatchObject({ name: 'KnoxError' })
    answers.clear()
    expect(keys.state().pending?.thumbprint).toBe('new')
    expect(await exchange()).toBe('new')
    expect(told).toEqual(['activated new'])
  })

  it('counts as accepted when only trust is missing', async () => {
    keys.offer(NEW)
    answers.set('new', noTrust)

    await expect(exchange()).rejects.toMatchObject({ kind: 'trust' })
    expect(keys.active().pair).toBe(NEW)
  })

  it('that replaces one that waits is judged by its own exchange only', async () => {
    keys.offer(NEW)
    const first = exchange()
    keys.offer(pairOf('newer'))
    await first

    expect(keys.active().pair).toBe(OLD)
    expect(told).toEqual([])
    expect(await exchange()).toBe('newer')
    expect(told).toEqual(['activated newer'])
  })

  it('is not tried again after an unreadable file; what waits goes on waiting', () => {
    keys.offer(NEW)

    keys.reject('the file must be JSON')

    expect(keys.state()).toMatchObject({
      pending: { thumbprint: 'new' },
      failure: { at: now, outcome: 'unusable', reason: 'the file must be JSON' },
    })
  })
})

describe('the key pair that signs, offered again', () => {
  it('is no change', async () => {
    expect(keys.offer(pairOf('old'))).toBe('unchanged')
    expect(await exchange()).toBe('old')
    expect(asked).toEqual(['old'])
  })

  it('takes back one that waits', async () => {
    keys.offer(NEW)

    expect(keys.offer(pairOf('old'))).toBe('withdrawn')
    expect(await exchange()).toBe('old')
    expect(asked).toEqual(['old'])
  })

  it('ends the warning about a file that was not used', () => {
    keys.reject('the file must be JSON')
    keys.offer(pairOf('old'))

    expect(keys.state().failure).toBeNull()
  })

  it('is another one when it is written differently, which is what Samsung may be shown', () => {
    expect(keys.offer(pairOf('old', 'as ssh-rsa'))).toBe('pending')
  })
})

it('keeps the time of a pair that waits when it is read once more', () => {
  keys.offer(NEW)
  now += 1000
  expect(keys.offer(pairOf('new'))).toBe('pending')
  expect(keys.state().pending?.loadedAt).toBe(1_000_000)
})
