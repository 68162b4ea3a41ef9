import type { Log } from '../shared/log.ts'
import { sleep } from '../shared/time.ts'
import { advisoryOf } from './redis-advisories.ts'
import type { StoreFacts, StoreRisk } from './store.ts'

export interface RedisWatch {
  /** Looks once and tells; null when the store gave no answer. */
  look(): Promise<readonly StoreRisk[] | null>
  /** Goes on looking until stopped. */
  start(): void
  stop(): void
}

export interface RedisWatchDeps {
  readonly describe: () => Promise<StoreFacts>
  /** Risks that the operator has accepted: published, and not logged. */
  readonly waived: readonly StoreRisk[]
  readonly publish: (risks: readonly StoreRisk[]) => void
  readonly log: Log
  /** 30 seconds when absent. */
  readonly everyMs?: number
}

const EVERY_MS = 30_000

/** Creates the watch over what a running Redis is configured to do with what it is given. */
export function createRedisWatch(deps: RedisWatchDeps): RedisWatch {
  const { describe, waived, publish, log, everyMs = EVERY_MS } = deps
  let logged = ''
  let advised = ''
  let stopped = false

  /** Only changes are logged, and only those of what was not accepted. */
  function tell(risks: readonly StoreRisk[]): void {
    publish(risks)
    const open = risks.filter((risk) => !waived.includes(risk))
    const told = open.join()
    if (told === logged) return
    logged = told
    if (open.length > 0) log.warn('store_unsafe', { reason: open })
    else log.info('store_safe')
  }

  /** Once per version: an operator may know that it is mended. */
  function advise(facts: StoreFacts): void {
    const advisory = advisoryOf(facts) ?? ''
    if (advisory !== '' && advisory !== advised)
      log.warn('store_outdated', { version: facts.version, reason: advisory })
    advised = advisory
  }

  async function look(): Promise<readonly StoreRisk[] | null> {
    const facts = await describe()
    advise(facts)
    const { risks } = facts
    // An outage says nothing of durability, and is logged where it happens.
    if (risks === undefined || stopped) return null
    tell(risks)
    return risks
  }

  async function lookAgain(): Promise<void> {
    for (;;) {
      await sleep(everyMs)
      if (stopped) return
      await look()
    }
  }

  return {
    look,
    start: () => void lookAgain(),
    stop() {
      stopped = true
    },
  }
}
