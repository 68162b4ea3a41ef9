import { BlockList, isIP, SocketAddress } from 'node:net'

/** IPv4 in the clothes of IPv6 (RFC 4291 §2.5.5.2): what a dual-stack socket calls an IPv4 client. */
const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i

/**
 * Reads an IP address into its one form: IPv6 in lower case and shortest, an IPv4-mapped one as IPv4.
 *
 * @returns null for what is no address, one with a zone or a port included.
 */
export function readAddress(text: string): string | null {
  const version = isIP(text)
  if (version === 4) return text
  if (version !== 6 || text.includes('%')) return null
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  return MAPPED.exec(address)?.[1] ?? address
}

/** Tells whether a URL's host says that it is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)

/** A network of addresses, as `address/prefix` or as one address. */
export interface Cidr {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/**
 * Reads a network such as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.7`.
 *
 * IPv4-mapped networks are refused: `::ffff:10.0.0.0/8` looks like ten million addresses and would be
 * most of the Internet.
 *
 * @returns null for anything else.
 */
export function parseCidr(text: string): Cidr | null {
  const [, address = '', digits] = /^([0-9A-Fa-f:.]{2,45})(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? []
  const version = isIP(address)
  const normal = readAddress(address)
  if (version === 0 || normal === null || isIP(normal) !== version) return null
  const bits = version === 4 ? 32 : 128
  const prefix = digits === undefined ? bits : Number(digits)
  return prefix > bits ? null : { address: normal, family: version === 4 ? 'ipv4' : 'ipv6', prefix }
}

/** Whether an address, as `readAddress` gives it, lies in one of the networks. */
export type IsWithin = (address: string) => boolean

/**
 * Makes one list of networks. Each family is looked for among its own: a wide IPv6 network must not
 * take in all of IPv4.
 *
 * @throws RangeError for a text that is no network
 */
export function createCidrList(texts: readonly string[]): IsWithin {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const cidr = parseCidr(text)
    if (cidr === null) throw new RangeError('a network must be address/prefix')
    lists[cidr.family].addSubnet(cidr.address, cidr.prefix, cidr.family)
  }
  return (address) => {
    const version = isIP(address)
    if (version === 0) return false
    const family = version === 4 ? 'ipv4' : 'ipv6'
    return lists[family].check(address, family)
  }
}
