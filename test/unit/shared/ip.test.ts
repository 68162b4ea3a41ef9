import { describe, expect, it } from '@jest/globals'
import { createCidrList, parseCidr, readAddress } from '../../../src/shared/ip.ts'

describe('readAddress', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
    // Compatible, not mapped (RFC 4291 §2.5.5.1): another address.
    ['::192.0.2.7', '::192.0.2.7'],
  ])('gives %s its one form', (text, address) => {
    expect(readAddress(text)).toBe(address)
  })

  it.each([
    '',
    'localhost',
    '192.0.2',
    '192.0.2.7:80',
    '[::1]:80',
    'fe80::1%eth0',
    '01.2.3.4',
    '::g',
  ])('takes %j for no address', (text) => {
    expect(readAddress(text)).toBeNull()
  })
})

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', 'ipv4', 8],
    ['192.0.2.7', 'ipv4', 32],
    ['192.0.2.7/32', 'ipv4', 32],
    ['0.0.0.0/0', 'ipv4', 0],
    ['2001:db8::/32', 'ipv6', 32],
    ['::1/128', 'ipv6', 128],
  ])('reads %s', (text, family, prefix) => {
    expect(parseCidr(text)).toMatchObject({ family, prefix })
  })

  it.each([
    '',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10/8',
    '::/129',
    'fe80::1%eth0/64',
    // Would be most of the Internet where only ten million addresses are meant.
    '::ffff:10.0.0.0/8',
    '::ffff:a00:0/104',
    '::ffff:0:0/96',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeNull()
  })
})

describe('a list of networks', () => {
  const isWithin = createCidrList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/33'])

  it.each([
    ['10.0.0.0', true],
    ['10.255.255.255', true],
    ['9.255.255.255', false],
    ['11.0.0.0', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['2001:db8:7fff:ffff::1', true],
    ['2001:db8:8000::', false],
    ['nobody', false],
    ['', false],
  ])('%s is within: %s', (address, expected) => {
    expect(isWithin(address)).toBe(expected)
  })

  it('does not take IPv4 in with a wide IPv6 network', () => {
    const everySix = createCidrList(['::/0'])

    expect(everySix('2001:db8::1')).toBe(true)
    expect(everySix('192.0.2.7')).toBe(false)
  })

  it('has nothing in it when it is empty, and is not made of what is no network', () => {
    expect(createCidrList([])('127.0.0.1')).toBe(false)
    expect(() => createCidrList(['10.0.0.0/8', 'all'])).toThrow(RangeError)
  })
})
