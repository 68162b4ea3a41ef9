import { describe, expect, it } from '@jest/globals'
import { createReach } from '../../../src/outbound/public-address.ts'

const NONE = createReach([])

/** Each network by its first and last address, and the public neighbours on either side. */
const NETWORKS: readonly (readonly [
  name: string,
  first: string,
  last: string,
  neighbours: readonly string[],
])[] = [
  ['this host', '0.0.0.0', '0.255.255.255', ['1.0.0.0']],
  ['10/8', '10.0.0.0', '10.255.255.255', ['9.255.255.255', '11.0.0.0']],
  ['100.64/10', '100.64.0.0', '100.127.255.255', ['100.63.255.255', '100.128.0.0']],
  ['loopback', '127.0.0.0', '127.255.255.255', ['126.255.255.255', '128.0.0.0']],
  ['link-local', '169.254.0.0', '169.254.255.255', ['169.253.255.255', '169.255.0.0']],
  ['172.16/12', '172.16.0.0', '172.31.255.255', ['172.15.255.255', '172.32.0.0']],
  ['protocol assignments', '192.0.0.0', '192.0.0.255', ['191.255.255.255', '192.0.1.0']],
  ['documentation', '192.0.2.0', '192.0.2.255', ['192.0.1.255', '192.0.3.0']],
  ['6to4 relays', '192.88.99.0', '192.88.99.255', ['192.88.98.255', '192.88.100.0']],
  ['192.168/16', '192.168.0.0', '192.168.255.255', ['192.167.255.255', '192.169.0.0']],
  ['benchmarks', '198.18.0.0', '198.19.255.255', ['198.17.255.255', '198.20.0.0']],
  ['documentation', '198.51.100.0', '198.51.100.255', ['198.51.99.255', '198.51.101.0']],
  ['documentation', '203.0.113.0', '203.0.113.255', ['203.0.112.255', '203.0.114.0']],
  ['multicast', '224.0.0.0', '239.255.255.255', ['223.255.255.255']],
  ['reserved, and broadcast', '240.0.0.0', '255.255.255.255', []],
  ['a platform of a cloud', '168.63.129.16', '168.63.129.16', ['168.63.129.15', '168.63.129.17']],
  [
    'what lies below the global unicast space',
    '::',
    '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ['2000::'],
  ],
  ['what lies above it', '4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ['3fff:1000::']],
  ['IETF assignments, Teredo', '2001::', '2001:1ff:ffff::', ['2000:ffff::', '2001:200::']],
  ['documentation', '2001:db8::', '2001:db8:ffff:ffff::', ['2001:db7:ffff::', '2001:db9::']],
  ['6to4', '2002::', '2002:ffff:ffff::', ['2001:ffff::', '2003::']],
  ['documentation', '3fff::', '3fff:fff:ffff::', ['3ffe:ffff::', '3fff:1000::']],
]

describe('without a list, strict mode calls', () => {
  it.each(NETWORKS)('nothing in %s, %s to %s, and its public neighbours', (...row) => {
    const [, first, last, neighbours] = row

    expect([first, last].map(NONE)).toEqual([false, false])
    expect(neighbours.filter((address) => !NONE(address))).toEqual([])
  })

  it.each([
    ['the metadata of clouds', ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200']],
    ['loopback in IPv6', ['::1', '0:0:0:0:0:0:0:1']],
    ['nothing at all', ['::']],
    ['unique local', ['fc00::', 'fdff:ffff::1']],
    ['link-local', ['fe80::1', 'febf::1', 'fec0::1']],
    ['multicast in IPv6', ['ff02::1']],
    ['discard', ['100::1']],
    ['private behind the mapped form', ['::ffff:10.0.0.1', '::FFFF:7f00:1', '::ffff:a9fe:a9fe']],
    ['IPv4-compatible', ['::10.0.0.1', '::8.8.8.8']],
    [
      'private behind NAT64',
      ['64:ff9b::10.0.0.1', '64:ff9b::7f00:1', '64:ff9b::1', '64:ff9b::', '64:ff9b::a9fe:a9fe'],
    ],
    ['what only looks like NAT64', ['64:ff9b::1:808:808', '64:ff9b:1::808:808']],
    ['private behind 6to4', ['2002:a00:1::', '2002:7f00:1::']],
    [
      'what is no address',
      ['', 'localhost', '127.1', '0x7f000001', '2130706433', '8.8.8.8%eth0', '8.8.8.8:80', '[::1]'],
    ],
    ['an address with a zone', ['fe80::1%eth0', '2a00::1%1']],
  ])('nothing that is %s', (_what, addresses) => {
    expect(addresses.filter(NONE)).toEqual([])
  })

  it.each([
    '8.8.8.8',
    '54.76.1.2',
    '2a05:d018::1',
    '2600:1f18::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '64:ff9b::808:808',
  ])('the public address %s', (address) => {
    expect(NONE(address)).toBe(true)
  })
})

describe('with a list, strict mode calls also', () => {
  const reach = createReach(['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32', '64:ff9b:1::/48'])

  it.each([
    ['10.1.0.0', '10.0.255.255'],
    ['10.1.255.255', '10.2.0.0'],
    ['127.0.0.1', '127.0.0.2'],
    ['fd00:1::1', 'fd00:2::1'],
    ['64:ff9b:1::a00:1', '64:ff9b:2::a00:1'],
    ['::ffff:10.1.2.3', '::ffff:10.3.2.1'],
    ['64:ff9b::a01:203', '64:ff9b::a03:201'],
  ])('%s, and not its neighbour %s', (listed, neighbour) => {
    expect([listed, neighbour].map(reach)).toEqual([true, false])
  })

  it('what is public', () => {
    expect(['8.8.8.8', '2a00::1'].map(reach)).toEqual([true, true])
  })
})
