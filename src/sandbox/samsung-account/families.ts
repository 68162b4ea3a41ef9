import { randomUUID } from 'node:crypto'
import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Delivery } from '../record.ts'
import type { Family } from '../state.ts'

/** Begins the family of an authorization code that is being exchanged. @returns Its id. */
export function startFamily({ state }: Context, accountId: AccountId): string {
  const id = `fam_${randomUUID()}`
  state.families.set(id, {
    accountId,
    revokedBy: null,
    rotations: 0,
    newestAccessToken: null,
    newestRefreshToken: null,
  })
  return id
}

/** Notes that a refresh token of a family was replaced. */
export function noteRotation(ctx: Context, id: string): void {
  changeFamily(ctx, id, ({ rotations }) => ({ rotations: rotations + 1 }))
}

/** Notes what was issued last in a family. */
export function noteNewest(
  ctx: Context,
  id: string,
  newest: Partial<Pick<Family, 'newestAccessToken' | 'newestRefreshToken'>>,
): void {
  changeFamily(ctx, id, () => newest)
}

/** Notes how an answer fared that carried a refresh token; one that was delivered stays it. */
export function noteDelivery({ state }: Context, refreshToken: string, delivery: Delivery): void {
  const known = state.refreshTokens.get(refreshToken)
  if (known !== undefined && known.delivery !== 'delivered') {
    state.refreshTokens.set(refreshToken, { ...known, delivery })
  }
}

function changeFamily(
  { state }: Context,
  id: string,
  change: (family: Family) => Partial<Family>,
): void {
  const family = state.families.get(id)
  if (family !== undefined) state.families.set(id, { ...family, ...change(family) })
}
