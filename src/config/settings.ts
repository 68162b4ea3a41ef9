/** What may be wrong with the durability of the store, and can be waived by name. */
export const STORE_WAIVERS = [
  'eviction',
  'persistence',
  'role',
  'replicas',
  'version',
  'scripts',
  'unverified',
] as const

export type StoreWaiver = (typeof STORE_WAIVERS)[number]

/**
 * Limits and lifetimes: `config/default.json`, overridden by the same file in `CONFIG_DIR`, overridden
 * by `KNOXGATE_<SECTION>_<NAME>`. Durations are written with a unit (`90s`, `10m`) and held in ms.
 */
export interface Settings {
  readonly connectSession: {
    /** From creation to the return from Samsung; also the life of `state`. At most ten minutes. */
    readonly lifetimeMs: number
    /** From the return from Samsung to `complete`; an authorization code lives 300 seconds. */
    readonly completeWithinMs: number
    /** How long an ended session can still be read. */
    readonly retentionMs: number
  }
  /** Creates that are sent again with the same `Idempotency-Key`. */
  readonly idempotency: {
    /** How long an answer is kept, to be given again. */
    readonly retentionMs: number
    /** How long a request may be at work until another takes its key over; longer than `store.requestBudget`. */
    readonly claimMs: number
  }
  readonly upstream: {
    /** Hard cap on one request to Samsung, from connecting to the last byte. */
    readonly timeoutMs: number
    readonly responseLimitBytes: number
    /** Networks outside the public Internet that may be called all the same, in strict mode. */
    readonly allowedAddresses: readonly string[]
  }
  /** Calls that are passed on to Knox. */
  readonly proxy: {
    /** The longest time in which nothing moves, one way or the other. */
    readonly idleMs: number
    readonly totalMs: number
    readonly requestLimitBytes: number
    readonly responseLimitBytes: number
  }
  readonly refresh: {
    /** How long one attempt owns the refresh; longer than `upstream.timeout` + `commitBudget`. */
    readonly leaseMs: number
    readonly commitBudgetMs: number
    readonly backoffMinMs: number
    readonly backoffMaxMs: number
    /** How often a waiter looks whether another process has finished. */
    readonly pollMs: number
  }
  /** When Samsung refuses this service's own credentials. */
  readonly breaker: {
    /** So many connections of a program, refused alike, hold the others. */
    readonly threshold: number
    /** Within so long. */
    readonly windowMs: number
    /** While they are held, one attempt is made in this time, over all processes. */
    readonly probeIntervalMs: number
  }
  readonly knoxToken: {
    /** `min_ttl_seconds` when the portal gives none. */
    readonly defaultMinTtlMs: number
    /** Taken off the validity; `min_ttl_seconds` may not reach into it. */
    readonly marginMs: number
    /** How long a process may hand out a token without asking the store. At most one second. */
    readonly localCacheMs: number
    /** A portal may have a token replaced by `rejected` this often per connection. */
    readonly rejectedIntervalMs: number
  }
  readonly store: {
    readonly timeoutMs: number
    /** How long one request waits for the store, all its calls together; not shorter than `timeout`. */
    readonly requestBudgetMs: number
    /** How long a deleted connection's tombstone stands. */
    readonly tombstoneMs: number
    /** How many replicas must have a durable write; 0: none is waited for. */
    readonly replicas: number
    /** How long a durable write waits for them. */
    readonly replicaTimeoutMs: number
    /** In strict mode, do not start on a store that may lose what it is given; development does. */
    readonly requireDurable: boolean
    /** What is known and accepted. */
    readonly waive: readonly StoreWaiver[]
  }
  /** The record of who did what; see `src/audit/`. */
  readonly audit: {
    /** Make no Knox token that cannot be recorded. */
    readonly required: boolean
    readonly retentionMs: number
    /** The oldest entries go when there are more, about. */
    readonly maxEntries: number
    /** Tokens at hand that are given out are counted, and recorded once in this time. */
    readonly handOutWindowMs: number
  }
  readonly http: {
    readonly bodyLimitBytes: number
    readonly urlLimitBytes: number
    readonly drainTimeoutMs: number
    /** Largest `limit` of a list. */
    readonly pageLimit: number
    /** Networks of the proxies whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: readonly string[]
  }
  /** What callers may do, per process; 0 is no limit. See `src/limits/`. */
  readonly limits: {
    /** The window of the rates that follow, up to `pagesPerAddress`. */
    readonly windowMs: number
    /** Calls with one API key. */
    readonly perKey: number
    /** Calls about one connection. */
    readonly perConnection: number
    /** Calls from one address; IPv6 by /64. */
    readonly perAddress: number
    /** Requests for pages from one address. */
    readonly pagesPerAddress: number
    /** Requests from one address that prove no credential, per minute. */
    readonly failedAuthentication: number
    /** Exchanges for Knox tokens that one connection may cause, per hour. */
    readonly mintsPerConnection: number
    /** Requests in work at a time; then those of one portal, and those that have proven nothing. */
    readonly concurrentRequests: number
    readonly concurrentRequestsPerPortal: number
    readonly concurrentRequestsUnproven: number
  }
}
