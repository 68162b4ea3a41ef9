import { describe, expect, it } from '@jest/globals'
import {
  beginExchange,
  keepToken,
  noProgramToken,
  noteFailure,
  parseProgramToken,
} from '../../../src/vault/program-token-record.ts'
import { codeOf } from './support/world.ts'

const EMPTY = noProgramToken('msp-eu')
const LEASED = beginExchange(EMPTY, 'a', 1000)

const made = (tokenId: string, expiresAt: number) => ({
  dataKey: `v1.k1.${tokenId}`,
  token: { headerName: 'x', value: `v1.${tokenId}`, tokenId, mintedAt: 1, expiresAt },
})

describe('a lease', () => {
  it('goes with the token that its attempt made', () => {
    const kept = keepToken(LEASED, 'a', made('one', 50), undefined)

    expect(kept).toEqual({ ...EMPTY, ...made('one', 50) })
  })

  it('stays when another has taken it meanwhile, and the token is kept all the same', () => {
    const taken = beginExchange(LEASED, 'b', 2000)

    const kept = keepToken(taken, 'a', made('one', 50), undefined)

    expect(kept.lease).toEqual({ attempt: 'b', until: 2000 })
    expect(kept.token?.tokenId).toBe('one')
  })

  it('is not ended by the failure of an attempt that had lost it', () => {
    const taken = beginExchange(LEASED, 'b', 2000)

    expect(noteFailure(taken, 'a', 'upstream_timeout', () => 9)).toBeNull()
  })
})

describe('a kept token', () => {
  const held = { ...LEASED, ...made('held', 100) }

  it.each([
    ['that ends earlier', 99, undefined, 'held'],
    ['that ends as late', 100, undefined, 'new'],
    ['that replaces it', 99, 'held', 'new'],
    ['that replaces another', 99, 'other', 'held'],
  ])('and a new one %s', (_, expiresAt, replaces, tokenId) => {
    const kept = keepToken(held, 'a', made('new', expiresAt), replaces)

    expect(kept.token?.tokenId).toBe(tokenId)
    expect(kept.dataKey).toBe(`v1.k1.${tokenId}`)
    expect(kept).not.toHaveProperty('lease')
  })

  it('stays when the next attempt fails', () => {
    const failed = noteFailure(held, 'a', 'upstream_timeout', (count) => count * 10)

    expect(failed).toEqual({
      ...EMPTY,
      ...made('held', 100),
      failure: { count: 1, code: 'upstream_timeout', retryAt: 10 },
    })
  })
})

it('counts failures in a row', () => {
  const once = noteFailure(LEASED, 'a', 'x', () => 1)
  const again = noteFailure(beginExchange(once ?? EMPTY, 'b', 1), 'b', 'y', (count) => count)

  expect(again?.failure).toEqual({ count: 2, code: 'y', retryAt: 2 })
  expect(keepToken(again ?? EMPTY, 'c', made('one', 5), undefined)).not.toHaveProperty('failure')
})

describe('a stored record', () => {
  it('is read as it was written', () => {
    expect(parseProgramToken(JSON.stringify(LEASED))).toEqual(LEASED)
  })

  it.each(['', '{', '[]', '{"format":2}', JSON.stringify({ ...EMPTY, id: 'conn_x' })])(
    'that is %j cannot be read',
    async (text) => {
      expect(await codeOf(Promise.resolve().then(() => parseProgramToken(text)))).toBe(
        'record_unreadable',
      )
    },
  )
})
