import type { Portal, PortalApiKey, PortalAssertionKey } from '../config/config.ts'
import type { EpochMs } from '../shared/time.ts'

/** A key that is in the configuration: of both sorts, what can be said of either. */
export type ConfiguredKey = PortalApiKey & Partial<PortalAssertionKey>

/** All keys that a portal has in the configuration. */
export const configuredKeysOf = ({
  apiKeys,
  assertionKeys = [],
}: Portal): readonly ConfiguredKey[] => [...apiKeys, ...assertionKeys]

/** The earlier of two times that may not be set. */
export const firstOf = (a: EpochMs | undefined, b: EpochMs | undefined): EpochMs | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
