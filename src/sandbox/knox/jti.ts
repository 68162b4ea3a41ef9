import type { Context } from '../context.ts'
import { fingerprint } from '../record.ts'
import type { CheckedClaims } from './claims.ts'
import { KnoxRefusal } from './errors.ts'

/**
 * Spends the `jti` of a Client Identifier JWT: it is good for one request, whatever comes of it,
 * and never again (protocol.md 3.3).
 *
 * @throws KnoxRefusal API_KEY_NON_UNIQUE_JWTID
 */
export function spendJti(ctx: Context, { jti }: CheckedClaims, jwt: string): void {
  if (ctx.state.jtis.has(jti)) throw notUnique()
  remember(ctx, jti, jwt)
}

/**
 * Notes the `jti` of a signed access token: the same token may be sent often, but no other JWT may
 * bear its `jti`.
 *
 * @throws KnoxRefusal API_KEY_NON_UNIQUE_JWTID
 */
export function noteJti(ctx: Context, { jti }: CheckedClaims, jwt: string): void {
  const seenIn = ctx.state.jtis.get(jti)
  if (seenIn === undefined) remember(ctx, jti, jwt)
  else if (seenIn !== fingerprint(jwt)) throw notUnique()
}

const notUnique = (): KnoxRefusal =>
  new KnoxRefusal('API_KEY_NON_UNIQUE_JWTID', 'claim jti was used before')

function remember({ state }: Context, jti: string, jwt: string): void {
  state.jtis.set(jti, fingerprint(jwt))
  state.activity.spent.jtis += 1
}
