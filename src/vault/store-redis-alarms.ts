import type { Log } from '../shared/log.ts'
import type { PrimaryWatch } from './store-redis-primaries.ts'

/** Sessions come and go meanwhile; a server that lost its data has lost far more than this share. */
const LOST_SHARE = 0.1

/** Is told what becomes of the servers that decide. */
export interface PrimaryObserver {
  /** Another one may decide than before. */
  changed(): void
  /** How many keys there are, every few seconds. */
  keys(count: number): void
}

/** Logs that another server decides, and that it has noticeably fewer keys than the one before. */
export function alarmOnPrimaries(
  watch: PrimaryWatch,
  { log, primaries }: { readonly log: Log; readonly primaries?: PrimaryObserver },
): void {
  watch.onChange(() => {
    log.warn('store_primary_changed')
    primaries?.changed()
  })
  watch.onCount(({ keys, before = keys }) => {
    primaries?.keys(keys)
    if (before - keys > before * LOST_SHARE) log.error('store_keys_lost', { count: before - keys })
  })
}
