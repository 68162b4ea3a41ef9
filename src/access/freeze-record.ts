import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'
import { FREEZE_TARGETS, type Freeze, type FreezePlace } from './freezes.ts'

const time = z.number().int().nonnegative()

const freeze = z.object({
  target: z.enum(FREEZE_TARGETS),
  id: z.string().exactOptional(),
  since: time,
  reason: z.string(),
  by: z.string(),
})

const freezeBook = z.object({
  format: z.literal(1),
  type: z.literal('freezes'),
  id: z.literal('freezes'),
  sequence: z.number().int().nonnegative(),
  freezes: z.array(freeze),
})

/** Everything that is frozen, as it is stored: one document, small enough to be held in memory. */
export type FreezeBook = Readonly<z.infer<typeof freezeBook>>

export const NOTHING_FROZEN: FreezeBook = {
  format: 1,
  type: 'freezes',
  id: 'freezes',
  sequence: 0,
  freezes: [],
}

/** Every process holds all of them; who has more to freeze freezes the portal or the program. */
export const MAX_FREEZES = 2000

/** Reads the stored document. @throws ServiceError `record_unreadable` */
export function parseFreezeBook(text: string): FreezeBook {
  try {
    return freezeBook.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

const isSame = (a: FreezePlace, b: FreezePlace): boolean => a.target === b.target && a.id === b.id

/** The freeze of exactly this place. */
export const freezeOf = (book: FreezeBook, place: FreezePlace): Freeze | undefined =>
  book.freezes.find((one) => isSame(one, place))

/**
 * Freezes a place; null when it is frozen already: the first reason stands.
 *
 * @throws ServiceError `invalid_request` when there are too many
 */
export function addFreeze(
  book: FreezeBook,
  place: FreezePlace,
  { reason, by }: { readonly reason: string; readonly by: string },
  now: EpochMs,
): FreezeBook | null {
  if (freezeOf(book, place) !== undefined) return null
  // The widest switch works however many the others are.
  if (book.freezes.length >= MAX_FREEZES && place.target === 'connection')
    throw new ServiceError('invalid_request', {
      detail: `at most ${MAX_FREEZES} freezes can stand; freeze the portal or the program`,
    })
  const { target, id } = place
  const added = { target, ...(id === undefined ? {} : { id }), since: now, reason, by }
  return { ...book, freezes: [...book.freezes, added] }
}

/** Lifts the freeze of a place; null when there is none. */
export const removeFreeze = (book: FreezeBook, place: FreezePlace): FreezeBook | null =>
  freezeOf(book, place) === undefined
    ? null
    : { ...book, freezes: book.freezes.filter((one) => !isSame(one, place)) }
