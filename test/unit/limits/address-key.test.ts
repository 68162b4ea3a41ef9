import { expect, it } from '@jest/globals'
import { addressKey } from '../../../src/limits/address-key.ts'
import { readAddress } from '../../../src/shared/ip.ts'

const keyOf = (text: string) => addressKey(readAddress(text))

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:C000:207', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::1', '2001:db8:0:0::/64'],
  ['1::5:6:7:8:9:a', '1:0:5:6::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
  ['64:ff9b:1:2:3:4:192.0.2.7', '64:ff9b:1:2::/64'],
])('counts %s as %s', (address, key) => {
  expect(keyOf(address)).toBe(key)
})

it('counts neighbours of one network together, and neighbouring networks apart', () => {
  expect(keyOf('2001:db8:1:2::1')).toBe(keyOf('2001:db8:1:2:8000::1'))
  expect(keyOf('2001:db8:1:2::1')).not.toBe(keyOf('2001:db8:1:3::1'))
})

it('counts two IPv4 clients of a dual-stack socket apart', () => {
  expect(keyOf('::ffff:192.0.2.7')).not.toBe(keyOf('::ffff:192.0.2.8'))
})

it('counts whoever has no address that can be told together', () => {
  expect(addressKey(null)).toBe(keyOf('not an address'))
})
