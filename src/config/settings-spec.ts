import { LIMIT_RULES, LIMIT_SETTINGS, toLimits } from './limit-settings.ts'
import {
  cidrs,
  count,
  countFromZero,
  duration,
  flag,
  names,
  type SettingRule,
  type SettingValue,
  size,
} from './setting-rules.ts'
import { type Settings, STORE_WAIVERS } from './settings.ts'

/** Every setting by its name in `default.json`. No default: that is what `default.json` is for. */
export const SETTINGS = {
  'connect_session.lifetime': duration('10m'),
  'connect_session.complete_within': duration('10m'),
  'connect_session.retention': duration('30d'),
  'idempotency.retention': duration('30d'),
  'idempotency.claim': duration('5m'),
  'upstream.timeout': duration('5m'),
  'upstream.response_limit': size('64kb'),
  'upstream.allowed_addresses': cidrs,
  'proxy.timeout': duration('10m'),
  'proxy.total_timeout': duration('24h'),
  'proxy.request_limit': size('4096mb'),
  'proxy.response_limit': size('65536mb'),
  'refresh.lease': duration('15m'),
  'refresh.commit_budget': duration('5m'),
  'refresh.backoff_min': duration('1h'),
  'refresh.backoff_max': duration('1h'),
  'refresh.poll': duration('10s'),
  'breaker.threshold': count(20),
  'breaker.window': duration('1h'),
  'breaker.probe_interval': duration('5m'),
  'knox_token.default_min_ttl': duration('30m'),
  'knox_token.margin': duration('30m'),
  'knox_token.local_cache': duration('1s'),
  'knox_token.rejected_interval': duration('24h'),
  'store.timeout': duration('1m'),
  'store.request_budget': duration('1m'),
  'store.tombstone': duration('365d'),
  'store.replicas': countFromZero(5),
  'store.replica_timeout': duration('1m'),
  'store.require_durable': flag,
  'store.waive': names(STORE_WAIVERS),
  'audit.required': flag,
  'audit.retention': duration('3650d'),
  'audit.max_entries': count(100_000_000),
  'audit.hand_out_window': duration('24h'),
  'http.body_limit': size('1mb'),
  'http.url_limit': size('8kb'),
  'http.drain_timeout': duration('10m'),
  'http.page_limit': count(1000),
  'http.trusted_proxies': cidrs,
  ...LIMIT_SETTINGS,
} as const satisfies Readonly<Record<string, SettingRule<SettingValue>>>

/** `section.name`, as in `default.json`. */
export type SettingPath = keyof typeof SETTINGS

/** A value for every setting. */
export type SettingValues = {
  readonly [P in SettingPath]: Exclude<ReturnType<(typeof SETTINGS)[P]['parse']>, undefined>
}

/** All setting names, in the order of the file. */
// `Object.keys` forgets the key type of an object that is written out above.
export const SETTING_PATHS = Object.keys(SETTINGS) as readonly SettingPath[]

/** The variable that overrides a setting: `refresh.lease` is `KNOXGATE_REFRESH_LEASE`. */
export const settingVariable = (path: SettingPath): string =>
  `KNOXGATE_${path.replace('.', '_').toUpperCase()}`

/** Rules between numbers, each told at the setting that has to give. */
export const SETTING_RULES: readonly {
  readonly path: SettingPath
  readonly others: readonly SettingPath[]
  readonly rule: string
  readonly holds: (value: number, others: readonly number[]) => boolean
}[] = [
  {
    path: 'refresh.lease',
    others: ['upstream.timeout', 'refresh.commit_budget'],
    rule: 'must be longer than upstream.timeout and refresh.commit_budget together',
    holds: (lease, others) => lease > others.reduce((sum, ms) => sum + ms, 0),
  },
  {
    path: 'proxy.timeout',
    others: ['proxy.total_timeout'],
    rule: 'must not be longer than proxy.total_timeout',
    holds: (idle, [total = idle]) => idle <= total,
  },
  {
    path: 'refresh.backoff_min',
    others: ['refresh.backoff_max'],
    rule: 'must not be longer than refresh.backoff_max',
    holds: (min, [max = min]) => min <= max,
  },
  {
    path: 'idempotency.claim',
    others: ['store.request_budget'],
    rule: 'must be longer than store.request_budget',
    holds: (claim, [budget = 0]) => claim > budget,
  },
  {
    path: 'store.request_budget',
    others: ['store.timeout'],
    rule: 'must not be shorter than store.timeout',
    holds: (budget, [command = 0]) => budget >= command,
  },
  {
    path: 'store.replica_timeout',
    others: ['store.timeout', 'store.replicas'],
    rule: 'must be shorter than store.timeout, unless store.replicas is 0',
    holds: (wait, [command = 0, replicas]) => replicas === 0 || wait < command,
  },
  ...LIMIT_RULES,
]

/** Puts settings into the shape that the code reads. */
export const toSettings = (values: SettingValues): Settings => ({
  connectSession: {
    lifetimeMs: values['connect_session.lifetime'],
    completeWithinMs: values['connect_session.complete_within'],
    retentionMs: values['connect_session.retention'],
  },
  idempotency: {
    retentionMs: values['idempotency.retention'],
    claimMs: values['idempotency.claim'],
  },
  upstream: {
    timeoutMs: values['upstream.timeout'],
    responseLimitBytes: values['upstream.response_limit'],
    allowedAddresses: values['upstream.allowed_addresses'],
  },
  proxy: {
    idleMs: values['proxy.timeout'],
    totalMs: values['proxy.total_timeout'],
    requestLimitBytes: values['proxy.request_limit'],
    responseLimitBytes: values['proxy.response_limit'],
  },
  refresh: {
    leaseMs: values['refresh.lease'],
    commitBudgetMs: values['refresh.commit_budget'],
    backoffMinMs: values['refresh.backoff_min'],
    backoffMaxMs: values['refresh.backoff_max'],
    pollMs: values['refresh.poll'],
  },
  breaker: {
    threshold: values['breaker.threshold'],
    windowMs: values['breaker.window'],
    probeIntervalMs: values['breaker.probe_interval'],
  },
  knoxToken: {
    defaultMinTtlMs: values['knox_token.default_min_ttl'],
    marginMs: values['knox_token.margin'],
    localCacheMs: values['knox_token.local_cache'],
    rejectedIntervalMs: values['knox_token.rejected_interval'],
  },
  store: {
    timeoutMs: values['store.timeout'],
    requestBudgetMs: values['store.request_budget'],
    tombstoneMs: values['store.tombstone'],
    replicas: values['store.replicas'],
    replicaTimeoutMs: values['store.replica_timeout'],
    requireDurable: values['store.require_durable'],
    waive: values['store.waive'],
  },
  audit: {
    required: values['audit.required'],
    retentionMs: values['audit.retention'],
    maxEntries: values['audit.max_entries'],
    handOutWindowMs: values['audit.hand_out_window'],
  },
  http: {
    bodyLimitBytes: values['http.body_limit'],
    urlLimitBytes: values['http.url_limit'],
    drainTimeoutMs: values['http.drain_timeout'],
    pageLimit: values['http.page_limit'],
    trustedProxies: values['http.trusted_proxies'],
  },
  limits: toLimits(values),
})
