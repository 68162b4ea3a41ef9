/** Requests whose address nobody can tell are counted together. */
const UNKNOWN = 'unknown'

/**
 * What an address is counted by: IPv4 as it is, IPv6 by its /64, which is what one customer of a provider
 * gets at least (RFC 6177 §2), so that nobody has 2^64 addresses to count.
 *
 * @param address - As `readAddress` gives it, so that an IPv4-mapped one is IPv4 already.
 */
export function addressKey(address: string | null): string {
  if (address === null) return UNKNOWN
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}

/** An IPv4 address at the end stands for two groups. */
const groupsOf = (text: string): readonly string[] =>
  text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? [group, ''] : group))
