import type { WorldOptions } from '../load/world.ts'

/** What the operations guide asks of every server of a group. */
export const SERVER_ARGS = [
  ...['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
  ...['--min-replicas-to-write', '1', '--min-replicas-max-lag', '5'],
]

/** What it asks of the service beside them. */
export const SERVICE_ENV = {
  KNOXGATE_STORE_REPLICAS: '1',
  KNOXGATE_KNOX_TOKEN_REJECTED_INTERVAL: '1s',
}

/** Short lives, so that at every moment some connection is being renewed, and the strictest Samsung. */
export const LIVELY: Pick<WorldOptions, 'rotation' | 'samsung'> = {
  // A refresh token that is spent twice ends the consent.
  rotation: 'reuse_revokes',
  samsung: { accessTokenLifetimeSeconds: 6 },
}

/** How long Samsung takes for a renewal: so long one is under way. */
export const SAMSUNG_TAKES_MS = 300
/** More than are sent. */
export const ALWAYS = 1_000_000
/** What the service may take beyond the time after which the servers call one of them down. */
export const SERVICE_MAY_TAKE_MS = 5_000
