import { settingVariable } from '../../src/config/settings-spec.ts'
import { SMALL_HEAP } from '../load/vitals.ts'

/** None of these may end a drill that sends more than anybody in good faith. */
const RAISED = [
  'limits.per_key',
  'limits.per_connection',
  'limits.per_address',
  'limits.pages_per_address',
  'limits.failed_authentication',
  'limits.mints_per_connection',
] as const
const PLENTY = 1_000_000

/** So that nobody has to wait long for a renewal after Samsung was ill. */
const PROMPT = { KNOXGATE_REFRESH_BACKOFF_MAX: '1s' } as const

/** A heap as in a small container, short pauses, and limits that such a load does not reach. */
export const fuzzSettings = (): Readonly<Record<string, string>> => ({
  ...SMALL_HEAP,
  ...PROMPT,
  ...Object.fromEntries(RAISED.map((path) => [settingVariable(path), String(PLENTY)])),
})
