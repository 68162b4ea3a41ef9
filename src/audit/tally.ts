import { type Actor, currentActor } from '../shared/actor.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import type { AuditEvent } from './audit.ts'

/** Tells what happens often as few events. */
export interface Tally {
  /** Notes the first of a key at once, and counts the others. */
  add(key: string, make: () => AuditEvent): void
  /** Notes what was counted, and forgets the keys that were not seen since the last time. */
  flush(): void
}

export interface TallyDeps {
  readonly note: (event: AuditEvent) => void
  /** More keys than this are not kept: the oldest is told and forgotten. */
  readonly maxKeys: number
  readonly clock: Clock
}

interface Counted {
  readonly make: () => AuditEvent
  /** Who did it the first time; the others may have been somebody else's requests. */
  readonly actor: Actor
  count: number
  since: EpochMs
}

/** Creates a tally that has counted nothing. */
export function createTally({ note, maxKeys, clock }: TallyDeps): Tally {
  const counted = new Map<string, Counted>()

  function tell({ make, actor, count, since }: Counted): void {
    if (count === 0) return
    const event = make()
    note({ ...event, actor: { ...actor, ...event.actor }, count, since })
  }

  function forgetOldest(): void {
    for (const [key, oldest] of counted) {
      tell(oldest)
      counted.delete(key)
      return
    }
  }

  return {
    add(key, make) {
      const known = counted.get(key)
      if (known !== undefined) {
        if (known.count === 0) known.since = clock()
        known.count += 1
        return
      }
      if (counted.size >= maxKeys) forgetOldest()
      const { traceId: _, ...actor } = currentActor()
      counted.set(key, { make, actor, count: 0, since: 0 })
      note(make())
    },

    flush() {
      for (const [key, one] of counted) {
        if (one.count === 0) counted.delete(key)
        tell(one)
        one.count = 0
      }
    },
  }
}
