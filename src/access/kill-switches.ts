import type { Audit } from '../audit/audit.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'
import type { Store } from '../vault/store.ts'
import { createWatchedDocument, WATCHED_MAX_AGE_MS } from '../vault/watched-document.ts'
import {
  addFreeze,
  type FreezeBook,
  freezeOf,
  NOTHING_FROZEN,
  parseFreezeBook,
  removeFreeze,
} from './freeze-record.ts'
import type { Freeze, FreezeCheck, FreezePlace, FreezeScope } from './freezes.ts'

/** The operator's switches: what they freeze acts in all processes within a second, and stays. */
export interface KillSwitches extends FreezeCheck {
  /** All freezes, as the store has them. @throws ServiceError `store_unavailable` */
  list(): Promise<readonly Freeze[]>
  /** Freezes a place durably; one that is frozen stays as it is. @throws ServiceError */
  freeze(place: FreezePlace, why: { readonly reason: string; readonly by: string }): Promise<Freeze>
  /** Lifts the freeze of a place durably; false when it was not frozen. @throws ServiceError `store_*` */
  unfreeze(place: FreezePlace, by: string): Promise<boolean>
  /** @throws ServiceError `store_unavailable`: nobody may serve who does not know what is frozen */
  start(): Promise<void>
  stop(): void
}

export interface KillSwitchesDeps {
  readonly store: Store
  readonly audit: Pick<Audit, 'note'>
  readonly clock: Clock
  readonly log: Log
}

/** Freezes by what they cover, made anew only when the document changes. */
type Index = ReadonlyMap<string, Freeze>

const keyOf = ({ target, id = '' }: FreezePlace): string => `${target}:${id}`

/** Creates the switches over a store. */
export function createKillSwitches(given: KillSwitchesDeps): KillSwitches {
  const { store, audit, clock, log } = given
  const deps = { store, empty: NOTHING_FROZEN, parse: parseFreezeBook, clock, log }
  const watched = createWatchedDocument<FreezeBook>(deps)
  let indexed: FreezeBook = NOTHING_FROZEN
  let index: Index = new Map()

  function find(scope: FreezeScope): Freeze | null {
    const book = watched.current()
    if (book !== indexed) {
      indexed = book
      index = new Map(book.freezes.map((one) => [keyOf(one), one]))
    }
    // Nearly always so, and asked for every token.
    if (index.size === 0) return null
    const { connectionId, portalId, programId } = scope
    return (
      index.get('everything:') ??
      index.get(`program:${programId}`) ??
      index.get(`portal:${portalId}`) ??
      (connectionId === undefined ? undefined : index.get(`connection:${connectionId}`)) ??
      null
    )
  }

  async function freshen(): Promise<void> {
    if (await watched.freshen(WATCHED_MAX_AGE_MS)) return
    throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
  }

  function tell(event: 'frozen' | 'unfrozen', place: FreezePlace, role: string): void {
    const about = idsOf(place)
    if (event === 'frozen') log.warn('frozen', { ...about, operation: place.target, role })
    else log.warn('unfrozen', { ...about, operation: place.target, role })
    audit.note({ event, ...about, subject: place.target })
  }

  return {
    find,
    allows: (scope) => watched.isFresh(WATCHED_MAX_AGE_MS) && find(scope) === null,
    freshen,

    async list() {
      if (!(await watched.freshen(0)))
        throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
      return watched.current().freezes
    },

    async freeze(place, why) {
      const book = await watched.change((current, now) => addFreeze(current, place, why, now))
      tell('frozen', place, why.by)
      return freezeOf(book, place) ?? notThere()
    },

    async unfreeze(place, by) {
      let wasFrozen = false
      await watched.change((current) => {
        // A write that is sent again finds its own work done.
        const next = removeFreeze(current, place)
        wasFrozen ||= next !== null
        return next
      })
      if (wasFrozen) tell('unfrozen', place, by)
      return wasFrozen
    },

    start: watched.start,
    stop: watched.stop,
  }
}

/** Somebody lifted it in the same moment. */
function notThere(): never {
  throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
}

const idsOf = ({ target, id }: FreezePlace) => ({
  ...(target === 'connection' ? { connectionId: id } : {}),
  ...(target === 'portal' ? { portalId: id } : {}),
  ...(target === 'program' ? { programId: id } : {}),
})
