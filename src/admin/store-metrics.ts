import { Counter, Gauge, type Registry } from 'prom-client'
import type { PrimaryObserver } from '../vault/store-redis-alarms.ts'

/** Registers the metrics of what becomes of the store's servers, and returns what they are told by. */
export function registerStoreMetrics(registers: Registry[]): PrimaryObserver {
  const changes = new Counter({
    name: 'knoxgate_store_primary_changes_total',
    help: 'Times another server may have begun to decide: failovers, restarts, moves of slots',
    registers,
  })
  const keys = new Gauge({
    name: 'knoxgate_store_keys',
    help: 'Keys on all servers that decide; NaN until they have said so',
    registers,
  })
  keys.set(Number.NaN)
  return { changed: () => changes.inc(), keys: (count) => keys.set(count) }
}
