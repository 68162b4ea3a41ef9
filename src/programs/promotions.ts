import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'

/*
 * The layout of what replicas tell each other about Client Identifiers: which one Samsung accepts where two
 * are configured. Fingerprints only. A field may be added as optional, none may change its meaning.
 */

const promotion = z.object({
  program: z.string(),
  /** Fingerprint of the one that is used now. */
  active: z.string(),
  /** Fingerprint of the one that Samsung refused. */
  refused: z.string(),
  /** Names the write, so that the process that made it is the one to report it. */
  by: z.string(),
  /** By the store's clock. */
  at: z.number().int().nonnegative(),
})

const promotionBook = z.object({
  format: z.literal(1),
  type: z.literal('client_identifiers'),
  id: z.literal('client_identifiers'),
  sequence: z.number().int().nonnegative(),
  promotions: z.array(promotion),
})

/** The newest change of each program from one Client Identifier to the other. */
export type Promotion = Readonly<z.infer<typeof promotion>>
/** All of them, as they are stored: one small document. */
export type PromotionBook = Readonly<z.infer<typeof promotionBook>>

export const NO_PROMOTIONS: PromotionBook = {
  format: 1,
  type: 'client_identifiers',
  id: 'client_identifiers',
  sequence: 0,
  promotions: [],
}

/** Reads the stored document. @throws ServiceError `record_unreadable` */
export function parsePromotionBook(text: string): PromotionBook {
  try {
    return promotionBook.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

/** Which of two was accepted where the other was refused. */
export type NewPromotion = Pick<Promotion, 'program' | 'active' | 'refused'>

/** Notes a promotion; null when another process has noted the same. */
export function addPromotion(
  book: PromotionBook,
  added: Omit<Promotion, 'at'>,
  now: EpochMs,
): PromotionBook | null {
  const known = promotionOf(book, added.program)
  if (known?.active === added.active && known.refused === added.refused) return null
  const others = book.promotions.filter(({ program }) => program !== added.program)
  return { ...book, promotions: [...others, { ...added, at: now }] }
}

export const promotionOf = (book: PromotionBook, programId: string): Promotion | undefined =>
  book.promotions.find(({ program }) => program === programId)

/**
 * Which of the configured Client Identifiers a promotion names, by its place; null when it is about others:
 * the operator has changed the configuration since, and that is newer.
 *
 * @param fingerprints - Of those that are configured, in this order.
 */
export function placeIn(fingerprints: readonly string[], promotion: Promotion): number | null {
  const both = [promotion.active, promotion.refused]
  const isAbout = fingerprints.length === 2 && fingerprints.every((one) => both.includes(one))
  return isAbout ? fingerprints.indexOf(promotion.active) : null
}
