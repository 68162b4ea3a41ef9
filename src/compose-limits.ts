import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Metrics } from './admin/metrics.ts'
import type { Audit } from './audit/audit.ts'
import type { Config } from './config/config.ts'
import { createClientAddress } from './http/client-address.ts'
import { type ApiLimits, createApiLimits } from './limits/api-limits.ts'
import { pageLimit, strangerLimit } from './limits/handlers.ts'
import { createLimiter } from './limits/limiter.ts'
import { createLoad, type Load } from './limits/load.ts'
import { createMintBudget, type MintBudget } from './limits/mint-budget.ts'
import { createRefusals, type Refusals } from './limits/refusals.ts'
import { createStrangers, type Strangers } from './limits/strangers.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'

/** What bounds the callers of this process. */
export interface Limits {
  readonly api: ApiLimits
  readonly strangers: Strangers
  readonly load: Load
  readonly mintBudget: MintBudget
  readonly refusals: Refusals
  readonly page: RequestHandler
  /** Of the admin listener, after its routes. */
  readonly admin: ErrorRequestHandler
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** Wires the limits. Everything is counted in this process: nobody waits for a store to be refused. */
export function composeLimits(deps: {
  readonly config: Config
  readonly audit: Pick<Audit, 'note'>
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
}): Limits {
  const { config, audit, metrics, log, clock } = deps
  const { limits, http } = config.settings
  const { windowMs } = limits
  const addressOf = createClientAddress(http.trustedProxies)
  const refusals = createRefusals({ audit, metrics: metrics.limits, log, clock })
  const load = createLoad(limits, refusals)
  metrics.requestsInWork(load.inWork)
  const strangers = () => {
    const quota = limits.failedAuthentication
    const policy = { name: 'failed_authentication', quota, windowMs: MINUTE_MS } as const
    return createStrangers(createLimiter(policy), addressOf)
  }
  const pages = createLimiter({ name: 'pages', quota: limits.pagesPerAddress, windowMs })
  const mints = { name: 'mints', quota: limits.mintsPerConnection, windowMs: HOUR_MS } as const

  return {
    api: createApiLimits({
      perAddress: createLimiter({ name: 'address', quota: limits.perAddress, windowMs }),
      perKey: createLimiter({ name: 'key', quota: limits.perKey, windowMs }),
      perConnection: createLimiter({ name: 'connection', quota: limits.perConnection, windowMs }),
      addressOf,
      refusals,
    }),
    strangers: strangers(),
    load,
    mintBudget: createMintBudget(createLimiter(mints), refusals),
    refusals,
    page: pageLimit({ limiter: pages, load, addressOf, refusals }),
    // Counted for itself: what is tried at the public listener locks no operator out.
    admin: strangerLimit({ strangers: strangers(), refusals }),
  }
}
