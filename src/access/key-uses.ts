import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { detach } from '../shared/store-time.ts'
import { type Clock, type EpochMs, sleep } from '../shared/time.ts'
import { createDocuments } from '../vault/documents.ts'
import type { Store } from '../vault/store.ts'

const usesBook = z.object({
  format: z.literal(1),
  type: z.literal('credential_uses'),
  id: z.literal('credential_uses'),
  /** Key id and time, the most recent last. */
  uses: z.array(z.tuple([z.string(), z.number().int().nonnegative()])),
})

type UsesBook = Readonly<z.infer<typeof usesBook>>

const NO_USES: UsesBook = { format: 1, type: 'credential_uses', id: 'credential_uses', uses: [] }

/** A use is noted no more than once in this time, so what is said of it is as coarse. */
const USE_EVERY_MS = 5 * 60_000
/** What has been noted is written after this time, all keys together. */
const WRITE_AFTER_MS = 2000
/** Twice as many as there can be keys in the store; what was used longest ago goes first. */
const MAX_USES = 4000

/** When keys were last used. Not part of the keys: what changes all the time must not wake every process. */
export interface KeyUses {
  /** Never waits and never throws. */
  note(apiKeyId: string): void
  /** @throws ServiceError `store_unavailable` */
  read(): Promise<ReadonlyMap<string, EpochMs>>
  /** Writes what is noted now, and resolves when that is done, or could not be. */
  idle(): Promise<void>
}

export interface KeyUsesDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

function parse(text: string): UsesBook {
  try {
    return usesBook.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

/** Adds uses; null when nothing is news. */
function withUses(book: UsesBook, noted: ReadonlyMap<string, EpochMs>): UsesBook | null {
  const all = new Map(book.uses)
  const news = [...noted].filter(([id, at]) => at - (all.get(id) ?? 0) >= USE_EVERY_MS)
  if (news.length === 0) return null
  for (const [id, at] of news) {
    all.delete(id)
    all.set(id, at)
  }
  return { ...book, uses: [...all].slice(-MAX_USES) }
}

/** Creates the notes of one process, over a document that all processes write. */
export function createKeyUses({ store, clock, log }: KeyUsesDeps): KeyUses {
  const documents = createDocuments<UsesBook>({
    store,
    parse,
    idOf: ({ id }) => id,
    lifetimeMs: () => undefined,
  })
  let noted = new Map<string, EpochMs>()
  let writing: Promise<void> | null = null
  let hurry = () => {}

  async function write(): Promise<void> {
    const { promise: hurried, resolve } = Promise.withResolvers<void>()
    hurry = resolve
    await Promise.race([sleep(WRITE_AFTER_MS), hurried])
    const taken = noted
    noted = new Map()
    const update = () => documents.update(NO_USES.id, (book) => withUses(book, taken))
    try {
      if ((await update()) !== null) return
      await documents.create(NO_USES.id, NO_USES)
      await update()
    } catch (error) {
      // It was one look at a clock; the next use tells it again.
      log.warn('key_uses_not_stored', { count: taken.size, error })
    }
  }

  return {
    note(apiKeyId) {
      noted.set(apiKeyId, clock())
      // On nobody's account: who is waiting for an answer does not wait for this.
      writing ??= detach(write).done.finally(() => {
        writing = null
      })
    },

    async read() {
      const found = await documents.read(NO_USES.id)
      return new Map([...(found?.record.uses ?? []), ...noted])
    },

    async idle() {
      while (writing !== null) {
        hurry()
        await writing
      }
    },
  }
}
