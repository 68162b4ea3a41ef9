import { countFromZero, duration, type SettingRule } from './setting-rules.ts'

/** More than one process does in any window: whoever means no limit writes 0. */
const MOST = 100_000_000

const quota: SettingRule<number> = {
  ...countFromZero(MOST),
  rule: `must be a whole number from 0 to ${MOST}; 0 is no limit`,
}

/** The settings of `Settings.limits` by their names in `default.json`. */
export const LIMIT_SETTINGS = {
  'limits.window': duration('1h'),
  'limits.per_key': quota,
  'limits.per_connection': quota,
  'limits.per_address': quota,
  'limits.pages_per_address': quota,
  'limits.failed_authentication': quota,
  'limits.mints_per_connection': quota,
  'limits.concurrent_requests': quota,
  'limits.concurrent_requests_per_portal': quota,
  'limits.concurrent_requests_unproven': quota,
} as const

type LimitPath = keyof typeof LIMIT_SETTINGS

/** A part of all that has no bound, or not more than all. */
const holdsPart = (part: number, [all = 0]: readonly number[]): boolean => all === 0 || part <= all
const PART_RULE = 'must not be more than limits.concurrent_requests, unless that is 0'

/** Rules between them. */
export const LIMIT_RULES = [
  {
    path: 'limits.window',
    others: [],
    // What headers tell of it is in whole seconds.
    rule: 'must be at least 1s',
    holds: (window: number) => window >= 1000,
  },
  {
    path: 'limits.concurrent_requests_per_portal',
    others: ['limits.concurrent_requests'],
    rule: PART_RULE,
    holds: holdsPart,
  },
  {
    path: 'limits.concurrent_requests_unproven',
    others: ['limits.concurrent_requests'],
    rule: PART_RULE,
    holds: holdsPart,
  },
] as const

/** Puts them into the shape that the code reads. */
export const toLimits = (values: Readonly<Record<LimitPath, number>>) => ({
  windowMs: values['limits.window'],
  perKey: values['limits.per_key'],
  perConnection: values['limits.per_connection'],
  perAddress: values['limits.per_address'],
  pagesPerAddress: values['limits.pages_per_address'],
  failedAuthentication: values['limits.failed_authentication'],
  mintsPerConnection: values['limits.mints_per_connection'],
  concurrentRequests: values['limits.concurrent_requests'],
  concurrentRequestsPerPortal: values['limits.concurrent_requests_per_portal'],
  concurrentRequestsUnproven: values['limits.concurrent_requests_unproven'],
})
