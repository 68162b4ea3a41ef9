import type { ClientAddress } from '../http/client-address.ts'
import { addressKey } from './address-key.ts'
import type { Limiter, Standing } from './limiter.ts'

type Caller = Parameters<ClientAddress>[0]

/** Counts, by address, requests that have proven no credential. */
export interface Strangers {
  /** How it stands with an address that has failed as often as it may; null for any other. */
  exhausted(caller: Caller): Promise<Standing | null>
  /** Counts one that failed. */
  failed(caller: Caller): Promise<void>
}

/** Creates the count. @param limiter - Null: there is no limit. */
export function createStrangers(limiter: Limiter | null, addressOf: ClientAddress): Strangers {
  const keyOf = (caller: Caller): string => addressKey(addressOf(caller))

  return {
    async exhausted(caller) {
      if (limiter === null) return null
      const standing = await limiter.look(keyOf(caller))
      return standing.remaining === 0 ? standing : null
    },

    async failed(caller) {
      await limiter?.take(keyOf(caller))
    },
  }
}
