import { createCidrList, type IsWithin, readAddress } from '../shared/ip.ts'

/**
 * IPv4 networks that are not of the public Internet: IANA's special-purpose registry (RFC 6890) as far
 * as nobody serves an API there, multicast and reserved space, and one address of a cloud.
 */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8', // this host, this network
  '10.0.0.0/8', // private (RFC 1918)
  '100.64.0.0/10', // shared by carriers and clouds (RFC 6598)
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local (RFC 3927); metadata of clouds
  '172.16.0.0/12', // private (RFC 1918)
  '192.0.0.0/24', // protocol assignments (RFC 6890)
  '192.0.2.0/24', // documentation (RFC 5737)
  '192.88.99.0/24', // relays of 6to4 (RFC 7526)
  '192.168.0.0/16', // private (RFC 1918)
  '198.18.0.0/15', // benchmarks (RFC 2544)
  '198.51.100.0/24', // documentation (RFC 5737)
  '203.0.113.0/24', // documentation (RFC 5737)
  '224.0.0.0/4', // multicast (RFC 5771)
  '240.0.0.0/4', // reserved (RFC 1112), and broadcast
  '168.63.129.16/32', // Azure's platform, behind a public-looking address
] as const

/** All that IANA has given out for the public Internet, */
const GLOBAL_IPV6 = ['2000::/3'] as const
/** but for these parts of it. Unique local, link-local, multicast and the rest lie outside. */
const NOT_PUBLIC_IPV6 = [
  '2001::/23', // protocol assignments (RFC 2928), Teredo among them
  '2001:db8::/32', // documentation (RFC 3849)
  '2002::/16', // 6to4 (RFC 7526): any IPv4 address in disguise
  '3fff::/20', // documentation (RFC 9637)
] as const

/** NAT64 (RFC 6052 §2.1) in shortest form: the IPv4 address is in the last two groups. */
const NAT64 = /^64:ff9b::(?:(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4}))?$/

/** The IPv4 address behind a NAT64 one, or null for any other. */
function behindNat64(address: string): string | null {
  const found = NAT64.exec(address)
  if (found === null) return null
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16BE(Number.parseInt(found[1] ?? '0', 16), 0)
  bytes.writeUInt16BE(Number.parseInt(found[2] ?? '0', 16), 2)
  return bytes.join('.')
}

const isSpecial: IsWithin = createCidrList([...NOT_PUBLIC_IPV4, ...NOT_PUBLIC_IPV6])
const isGlobalIpv6: IsWithin = createCidrList(GLOBAL_IPV6)

const isWithinLoopback: IsWithin = createCidrList(['127.0.0.0/8', '::1'])

/** Tells whether an address, in any spelling, is this machine's own. */
export function isLoopback(text: string): boolean {
  const address = readAddress(text)
  return address !== null && isWithinLoopback(address)
}

const isPublic = (address: string): boolean =>
  !isSpecial(address) && (!address.includes(':') || isGlobalIpv6(address))

/** Tells whether an address, in any spelling, may be connected to. */
export type MayReach = (address: string) => boolean

/**
 * Creates the rule about addresses: those of the public Internet, and those of the listed networks.
 *
 * IPv4 in IPv6 counts as the IPv4 address, whether mapped (RFC 4291 §2.5.5.2) or behind NAT64, which is
 * how an IPv6-only network sees all of IPv4. What is no address, or has a zone, may not be reached.
 *
 * @param listed - Networks such as `10.0.0.0/8`.
 * @throws RangeError for a text that is no network
 */
export function createReach(listed: readonly string[]): MayReach {
  const isListed = createCidrList(listed)
  return (text) => {
    const address = readAddress(text)
    if (address === null) return false
    const inner = behindNat64(address) ?? address
    return isListed(address) || isListed(inner) || isPublic(inner)
  }
}
