import type { Socket } from 'node:net'
import { NO_CREDENTIALS } from '../../../../src/access/credential-record.ts'
import { type KeySource, type KnownKey, knownKeys } from '../../../../src/access/known-keys.ts'
import type { MadeKey } from '../../../../src/access/portal-keys.ts'
import type { Portal } from '../../../../src/config/config.ts'
import type { Caller } from '../../../../src/portal/authenticate.ts'

/** The keys of a configuration, and these. */
export function configuredKeys(
  portals: readonly Portal[],
  more: readonly KnownKey[] = [],
): KeySource {
  const known = [...knownKeys(portals, NO_CREDENTIALS, () => true), ...more]
  return { known: () => known, isFresh: () => true, freshen: async () => {}, noteUse: () => {} }
}

/** A request with this `Authorization`, from this address. */
export const callerOf = (authorization: string | undefined, remoteAddress?: string): Caller => ({
  headers: authorization === undefined ? {} : { authorization },
  // Nothing else is asked of it.
  socket: { remoteAddress } as Socket,
})

/** The text of an API key that was just made. */
export function textOf({ apiKey }: Pick<MadeKey, 'apiKey'>): string {
  if (apiKey === undefined) throw new TypeError('the portal has made this key itself')
  return apiKey.reveal()
}
