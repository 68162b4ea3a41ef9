import { ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { detach } from '../shared/store-time.ts'
import type { Clock } from '../shared/time.ts'
import { createUnderWay } from '../shared/under-way.ts'
import type { Store } from '../vault/store.ts'
import { createWatchedDocument, type WatchedDocument } from '../vault/watched-document.ts'
import {
  addPromotion,
  type NewPromotion,
  NO_PROMOTIONS,
  type Promotion,
  type PromotionBook,
  parsePromotionBook,
  promotionOf,
} from './promotions.ts'

/** What replicas tell each other about Client Identifiers. A process that cannot ask goes by what it finds out. */
export interface SharedPromotions {
  /** The newest promotion of a program, as this process knows it. */
  newest(programId: string): Promotion | undefined
  /** Asks the store, if it answers. Never throws. */
  freshen(): Promise<void>
  /** Tells the others, behind the caller's back. */
  publish(promotion: NewPromotion): void
  /** Learns what the others know, and goes on listening. @throws ServiceError `store_unavailable` */
  start(store: Store): Promise<void>
  stop(): void
  /** Resolves when everything is told. */
  idle(): Promise<void>
}

export interface SharedPromotionsDeps {
  /** A promotion that nobody else has told of. */
  readonly onNew: (promotion: NewPromotion) => void
  readonly clock: Clock
  readonly log: Log
}

/** Creates the exchange between replicas. Before it is started there are no others. */
export function createSharedPromotions({
  onNew,
  clock,
  log,
}: SharedPromotionsDeps): SharedPromotions {
  const underWay = createUnderWay()
  let watched: WatchedDocument<PromotionBook> | null = null

  /** @returns whether nobody else had noted it before. */
  async function note(promotion: NewPromotion): Promise<boolean> {
    if (watched === null) return true
    const by = newAttemptId()
    const book = await watched.change((known, now) =>
      addPromotion(known, { ...promotion, by }, now),
    )
    return promotionOf(book, promotion.program)?.by === by
  }

  /** What cannot be noted is reported all the same: nobody else knows it. */
  async function tell(promotion: NewPromotion): Promise<void> {
    const isNew = await note(promotion).catch((error: unknown) => {
      log.warn('client_identifier_not_shared', { programId: promotion.program, error })
      return true
    })
    if (isNew) onNew(promotion)
  }

  return {
    newest: (programId) =>
      watched === null ? undefined : promotionOf(watched.current(), programId),
    async freshen() {
      await watched?.freshen(0)
    },
    publish(promotion) {
      void underWay.track(detach(() => tell(promotion)).done)
    },
    async start(store) {
      const parse = parsePromotionBook
      const started = createWatchedDocument({ store, empty: NO_PROMOTIONS, parse, clock, log })
      try {
        await started.start()
        watched = started
      } catch (error) {
        // It only saves a refused exchange: no reason not to serve.
        if (!(error instanceof ServiceError) || error.code !== 'record_unreadable') throw error
        log.error('shared_document_unreadable', { operation: NO_PROMOTIONS.id })
      }
    },
    stop: () => watched?.stop(),
    idle: underWay.idle,
  }
}
