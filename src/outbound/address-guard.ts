import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isLoopbackHost } from '../shared/ip.ts'
import { isLoopback, type MayReach } from './public-address.ts'

/** How {@link refusedAddress} is known among the errors of a connection. */
export const ADDRESS_REFUSED = 'ERR_ADDRESS_REFUSED'

/** Says no more than that: the address is the operator's, and errors travel. */
const refusedAddress = (): Error =>
  Object.assign(new Error('the address is not allowed'), { code: ADDRESS_REFUSED })

/** Stands between a host's name and the connection to it. */
export interface AddressGuard {
  /**
   * Resolves a name for `net.connect`, which connects to nothing else than what comes out of it: the
   * addresses that may be reached. A second answer of the same name is judged like the first, so a name
   * that changes its mind (DNS rebinding) gains nothing.
   */
  readonly lookup: LookupFunction
  /**
   * Whether a host may be tried: any name, because `lookup` will judge it, and an address that may be
   * reached; `net.connect` does not look addresses up.
   *
   * @param hostname - As `URL` has it, IPv6 in brackets.
   */
  admits(hostname: string): boolean
  /** Hosts that were refused when they were last tried. */
  refused(): readonly string[]
}

export interface AddressGuardDeps {
  readonly mayReach: MayReach
  /** Told once when a host is refused, and again only after it was admitted. */
  readonly onRefused: (hostname: string) => void
  /** `dns.lookup` when absent. */
  readonly resolve?: typeof systemLookup
}

/** Creates a guard. */
export function createAddressGuard(deps: AddressGuardDeps): AddressGuard {
  const { mayReach, onRefused, resolve = systemLookup } = deps
  const refused = new Set<string>()

  /** What is written as this machine is meant to be; no name server had a say in that. */
  const rulesOf = (hostname: string): MayReach =>
    isLoopbackHost(hostname) ? (address) => isLoopback(address) || mayReach(address) : mayReach

  function note(hostname: string, admitted: boolean): boolean {
    if (admitted) refused.delete(hostname)
    else if (!refused.has(hostname)) {
      refused.add(hostname)
      onRefused(hostname)
    }
    return admitted
  }

  return {
    refused: () => [...refused],

    admits(hostname) {
      const address = hostname.replace(/^\[(.*)\]$/, '$1')
      return isIP(address) === 0 || note(hostname, rulesOf(hostname)(address))
    },

    lookup(hostname, options, callback) {
      resolve(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) return callback(error, [])
        const admits = rulesOf(hostname)
        const [first, ...others] = found.filter(({ address }) => admits(address))
        note(hostname, first !== undefined)
        if (first === undefined) return callback(refusedAddress(), [])
        return answer([first, ...others], options.all === true, callback)
      })
    },
  }
}

type Callback = Parameters<LookupFunction>[2]

function answer(
  found: readonly [LookupAddress, ...LookupAddress[]],
  all: boolean,
  callback: Callback,
): void {
  if (all) callback(null, [...found])
  else callback(null, found[0].address, found[0].family)
}
