import { randomBytes } from 'node:crypto'
import type { Account } from '../accounts.ts'
import type { Context } from '../context.ts'
import { type Reply, redirect } from '../http/exchange.ts'
import { formPostPage } from '../pages/form-post.ts'
import { CODE_LIFETIME_SECONDS } from './codes.ts'
import type { SignInRequest } from './sign-in-request.ts'

/** Sends the browser back with a code, in the shape that is set (protocol.md 2.3). */
export function sendBackCode(
  ctx: Context,
  request: SignInRequest,
  account: Account,
  code: string,
): Reply {
  const { callbackShape, authServerUrl, apiServerUrl } = ctx.state.settings
  const ownHost = new URL(ctx.url).host
  const servers = {
    api_server_url: apiServerUrl ?? ownHost,
    auth_server_url: authServerUrl ?? ownHost,
  }
  const wrapped = {
    code,
    scode: randomBytes(16).toString('base64url'),
    inputEmailID: account.email,
    ...servers,
    closedAction: 'signInSuccess',
  }
  switch (callbackShape) {
    case 'query':
      return redirect(
        withQuery(request.redirectUri, {
          code,
          state: request.state,
          ...servers,
          code_expires_in: String(CODE_LIFETIME_SECONDS),
        }),
      )
    case 'form_post':
      return formPostPage(request.redirectUri, {
        code: JSON.stringify(wrapped),
        state: request.state,
      })
    case 'json_code':
      return redirect(
        withQuery(request.redirectUri, {
          code: JSON.stringify({ ...wrapped, state: request.state }),
        }),
      )
  }
}

/** Sends the browser back without a code, because the administrator said no. */
export function sendBackDenial(ctx: Context, request: SignInRequest): Reply {
  const { callbackShape, denial } = ctx.state.settings
  const fields: Record<string, string> =
    denial === 'closed'
      ? { close: 'true', closedAction: 'signInFailed', state: request.state }
      : { error: 'access_denied', state: request.state }
  return callbackShape === 'form_post'
    ? formPostPage(request.redirectUri, fields)
    : redirect(withQuery(request.redirectUri, fields))
}

/** Adds to the query of a URL and keeps what it had (RFC 6749 §3.1.2). */
export function withQuery(url: string, fields: Readonly<Record<string, string>>): string {
  const target = new URL(url)
  for (const [name, value] of Object.entries(fields)) target.searchParams.append(name, value)
  return target.href
}
