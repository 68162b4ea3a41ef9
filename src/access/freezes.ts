import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'

/** What can be frozen, the smallest first. */
export const FREEZE_TARGETS = ['connection', 'portal', 'program', 'everything'] as const

export type FreezeTarget = (typeof FREEZE_TARGETS)[number]

/** What an operator freezes; `everything` has no id. */
export interface FreezePlace {
  readonly target: FreezeTarget
  readonly id?: string | undefined
}

/** One freeze, as it stands. */
export interface Freeze extends FreezePlace {
  /** By the store's clock. */
  readonly since: EpochMs
  /** The operator's words; never shown to a portal or a customer. */
  readonly reason: string
  /** The role of the admin credential that set it. */
  readonly by: string
}

/** Where a call is about to act. */
export interface FreezeScope {
  readonly connectionId?: string | undefined
  readonly portalId: string
  readonly programId: string
}

/** What is frozen, asked on the way of every token. */
export interface FreezeCheck {
  /** The widest freeze that covers a place, as this process knows it, or null. */
  find(scope: FreezeScope): Freeze | null
  /**
   * Whether what is known is less than a second old and nothing covers the place. False is no verdict: ask
   * {@link freshen} and then {@link find}.
   */
  allows(scope: FreezeScope): boolean
  /** Makes what is known less than a second old. @throws ServiceError `store_unavailable` */
  freshen(): Promise<void>
}

/** @throws ServiceError `connection_frozen`, `store_unavailable` */
export async function assertNotFrozen(freezes: FreezeCheck, scope: FreezeScope): Promise<void> {
  await freezes.freshen()
  const found = freezes.find(scope)
  if (found === null) return
  const what = found.target === 'everything' ? 'everything' : `the ${found.target}`
  throw new ServiceError('connection_frozen', { detail: `the operator has frozen ${what}` })
}
