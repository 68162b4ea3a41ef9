import { randomBytes } from 'node:crypto'
import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Incoming } from '../http/exchange.ts'

const COOKIE = 'sandbox_samsung_account'

/** Who is signed in with this browser, if anybody. */
export function signedInAccount({ state }: Context, incoming: Incoming): AccountId | null {
  return state.browserSessions.get(cookieOf(incoming)) ?? null
}

/** Signs an administrator in with this browser. @returns The headers that tell the browser. */
export function signIn(ctx: Context, incoming: Incoming, id: AccountId): Record<string, string> {
  const value = randomBytes(24).toString('base64url')
  ctx.state.browserSessions.delete(cookieOf(incoming))
  ctx.state.browserSessions.set(value, id)
  return setCookie(ctx, incoming, value)
}

/** Signs this browser out. @returns The headers that tell the browser. */
export function signOut(ctx: Context, incoming: Incoming): Record<string, string> {
  ctx.state.browserSessions.delete(cookieOf(incoming))
  return setCookie(ctx, incoming, '', '; Max-Age=0')
}

/**
 * Lax, as with Samsung: the cookie comes along when a portal sends the browser here. The pages of
 * Samsung Account and of Knox OAuth have sessions of their own.
 */
function setCookie(
  ctx: Context,
  { path }: Incoming,
  value: string,
  more = '',
): Record<string, string> {
  const place = path.startsWith('/accounts/') ? '/accounts' : '/ams'
  const secure = ctx.url.startsWith('https:') ? '; Secure' : ''
  return {
    'Set-Cookie': `${COOKIE}=${value}; Path=${place}; HttpOnly; SameSite=Lax${secure}${more}`,
  }
}

function cookieOf(incoming: Incoming): string {
  const pairs = (incoming.header('cookie') ?? '').split(';').map((pair) => pair.trim().split('='))
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? ''
}
