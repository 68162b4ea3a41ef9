import { randomBytes } from 'node:crypto'
import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { AuthorizationCode } from '../state.ts'
import { SaRefusal } from './errors.ts'
import type { SignInRequest } from './sign-in-request.ts'

/** Life of an authorization code in seconds (protocol.md 2.3). */
export const CODE_LIFETIME_SECONDS = 300

/** Makes a code that stands for an administrator's consent. */
export function issueCode(ctx: Context, request: SignInRequest, accountId: AccountId): string {
  const code = randomBytes(24).toString('base64url')
  ctx.state.codes.set(code, {
    accountId,
    clientId: request.clientId,
    redirectUri: request.redirectUri,
    expiresAt: ctx.now() + CODE_LIFETIME_SECONDS * 1000,
    spent: false,
  })
  ctx.state.activity.issued.codes += 1
  return code
}

/**
 * Spends a code: once, before its end, by the client and with the redirect URI it was made for
 * (RFC 6749 §4.1.3). A refused attempt does not spend it.
 *
 * @throws SaRefusal
 */
export function spendCode(
  ctx: Context,
  request: { readonly code: string; readonly clientId: string; readonly redirectUri: string },
): AuthorizationCode {
  const code = ctx.state.codes.get(request.code)
  if (code === undefined || code.spent || code.expiresAt <= ctx.now()) {
    throw new SaRefusal('AUT_1802')
  }
  if (code.clientId !== request.clientId) throw new SaRefusal('AUT_1806')
  if (code.redirectUri !== request.redirectUri) {
    throw new SaRefusal('AUT_1022', 'invalid_grant', 'redirect_uri differs from the one before')
  }
  ctx.state.codes.set(request.code, { ...code, spent: true })
  ctx.state.activity.spent.codes += 1
  return code
}
