import type { Context } from '../context.ts'
import { type Incoming, type Reply, redirect } from '../http/exchange.ts'
import { messagePage } from '../pages/message.ts'
import { signOut } from './browser-session.ts'
import { withQuery } from './send-back.ts'
import { checkAlias, checkClient, readOne, SignInRefusal } from './sign-in-request.ts'

/**
 * Answers `GET signOutGate` (protocol.md 2.4): signs the browser out and sends it to `signOutURL`.
 *
 * Consent stays: it is the portal's, not the browser's.
 *
 * @throws SignInRefusal
 */
export function endSignIn(ctx: Context, incoming: Incoming): Reply {
  checkAlias(ctx, incoming)
  checkClient(ctx, readOne(incoming.query, 'client_id'))
  const state = readOne(incoming.query, 'state')
  const back = incoming.query.has('signOutURL') ? readOne(incoming.query, 'signOutURL') : null
  if (back !== null && !isRegisteredOrigin(ctx, back)) {
    throw new SignInRefusal(
      400,
      'sign_out_url_unknown',
      'signOutURL must have the origin of a registered redirect URI.',
    )
  }
  const headers = signOut(ctx, incoming)
  if (back !== null) return redirect(withQuery(back, { state }), headers)
  const page = messagePage(200, 'Signed out', 'The next sign-in asks again who you are.')
  return { ...page, headers: { ...page.headers, ...headers } }
}

function isRegisteredOrigin({ state }: Context, url: string): boolean {
  if (!URL.canParse(url)) return false
  const { origin } = new URL(url)
  return state.settings.redirectUris.some((registered) => new URL(registered).origin === origin)
}
