import { createLog } from '../../src/shared/log.ts'
import { Secret } from '../../src/shared/secret.ts'
import type { Store } from '../../src/vault/store.ts'
import { createRedisStore, type RedisStoreDeps } from '../../src/vault/store-redis.ts'
import type { Cleanup } from './cleanup.ts'

/** A store on a real Redis, and what it has told so far. */
export interface RedisSubject {
  readonly store: Store
  /** Every line of its log. */
  readonly lines: readonly string[]
  /** Events of the log with the reason of each, oldest first. */
  events(): readonly string[]
  /** How often it has told that another server may decide. */
  changes(): number
  /** Resolves when the keys of all servers were counted once more: the watch has seen who decides. */
  counted(): Promise<number>
}

/** Opens a store, closed by the clean-up. Calls end after a second unless `deps` say otherwise. */
export async function openRedisSubject(
  url: string,
  cleanup: Cleanup,
  deps: Partial<Pick<RedisStoreDeps, 'timeoutMs' | 'replication' | 'lookEveryMs'>> = {},
): Promise<RedisSubject> {
  const lines: string[] = []
  let changes = 0
  let counting = Promise.withResolvers<number>()
  const store = await createRedisStore({
    url: new Secret(url),
    timeoutMs: 1000,
    log: createLog('debug', { write: (line) => void lines.push(line) }),
    primaries: {
      changed() {},
      keys(count) {
        counting.resolve(count)
        counting = Promise.withResolvers()
      },
    },
    ...deps,
  })
  cleanup.add(store.close)
  store.onPrimaryChange(() => {
    changes += 1
  })
  return {
    store,
    lines,
    events: () =>
      lines
        .map((line) => JSON.parse(line))
        .map(({ event, reason }) => (reason === undefined ? event : `${event} ${reason}`)),
    changes: () => changes,
    counted: () => counting.promise,
  }
}
