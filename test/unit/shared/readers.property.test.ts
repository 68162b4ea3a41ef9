import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createCidrList, parseCidr, readAddress } from '../../../src/shared/ip.ts'
import { parseRedisUrl } from '../../../src/shared/redis-url.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const PASSWORD = 'hunter-two-and-a-half'

describeReaders([
  { name: 'readAddress', read: readAddress, good: ['192.0.2.7', '2001:db8::1', '::ffff:10.0.0.1'] },
  { name: 'parseCidr', read: parseCidr, good: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'] },
  {
    name: 'parseRedisUrl',
    read: parseRedisUrl,
    good: [
      'redis://localhost:6379/0',
      `rediss://user:${PASSWORD}@redis.internal`,
      `redis+sentinel://:${PASSWORD}@a:1,b:2/main/3`,
      'rediss+cluster://[::1]:7000,b:7001',
    ],
    declares: (error) => error instanceof RangeError && !error.message.includes(PASSWORD),
  },
])

describe('an address', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6())

  it('has one form, which is read into itself', () => {
    fc.assert(
      fc.property(address, (text) => {
        const read = readAddress(text)
        expect(read).not.toBeNull()
        expect(readAddress(read ?? '')).toBe(read)
        expect(readAddress(text.toUpperCase())).toBe(read)
      }),
    )
  })

  it('as a network lies in itself, and in no network of the other family', () => {
    fc.assert(
      fc.property(address, (text) => {
        const read = readAddress(text) ?? ''
        expect(createCidrList([read])(read)).toBe(true)
        const other = read.includes(':') ? '0.0.0.0/0' : '::/0'
        expect(createCidrList([other])(read)).toBe(false)
      }),
    )
  })
})

describe('a Redis URL', () => {
  it('gives back any user and password that was percent-encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(text, text, (user, password) => {
        const url = `redis://${encodeURIComponent(user)}:${encodeURIComponent(password)}@a.b:1/2`
        const target = parseRedisUrl(url)
        expect([target.username, target.password?.reveal()]).toEqual([user, password])
      }),
    )
  })
})
