import { randomBytes } from 'node:crypto'
import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import { type Incoming, type Reply, redirect } from '../http/exchange.ts'
import { signInPage } from '../pages/sign-in.ts'
import { fingerprint } from '../record.ts'
import { signedInAccount, signIn } from '../samsung-account/browser-session.ts'
import { withQuery } from '../samsung-account/send-back.ts'
import { readDecision } from '../samsung-account/sign-in-gate.ts'
import { SignInRefusal } from '../samsung-account/sign-in-request.ts'
import { AUTHORIZE_PATH } from '../urls.ts'
import {
  type AuthorizeRequest,
  type ReturnAddress,
  readAuthorizeRequest,
  readReturnAddress,
} from './authorize-request.ts'
import { OauthRefusal } from './errors.ts'
import { splitScope } from './scopes.ts'

/**
 * Answers `GET authorize`: whoever is signed in and has allowed all of these scopes goes straight
 * back, everybody else gets the consent screen.
 *
 * @throws SignInRefusal
 */
export function showAuthorize(ctx: Context, incoming: Incoming): Reply {
  return takingRefusalsBack(ctx, incoming.query, (request) => {
    const accountId = signedInAccount(ctx, incoming)
    const allowed = accountId === null ? undefined : ctx.state.oauth.consents.get(accountId)
    if (accountId !== null && splitScope(request.scope).every((one) => allowed?.has(one))) {
      return goBack(ctx, request, accountId)
    }
    return signInPage(AUTHORIZE_PATH, Object.fromEntries(incoming.query), request.scope)
  })
}

/** Answers `POST authorize`, the form of that page. @throws SignInRefusal */
export function decideAuthorize(ctx: Context, incoming: Incoming): Reply {
  if (incoming.contentType !== 'application/x-www-form-urlencoded') {
    throw new SignInRefusal(400, 'form_expected', 'The form was sent in another encoding.')
  }
  const form = new URLSearchParams(incoming.body)
  return takingRefusalsBack(ctx, form, (request) => {
    const { allowed, accountId } = readDecision(form)
    if (!allowed) throw new OauthRefusal('access_denied', 'the administrator said no')
    const { consents } = ctx.state.oauth
    consents.set(
      accountId,
      new Set([...(consents.get(accountId) ?? []), ...splitScope(request.scope)]),
    )
    const reply = goBack(ctx, request, accountId)
    return { ...reply, headers: { ...reply.headers, ...signIn(ctx, incoming, accountId) } }
  })
}

/** How a denial comes back is not documented; RFC 6749 §4.1.2.1 is assumed (protocol.md 7.2). */
function takingRefusalsBack(
  ctx: Context,
  parameters: URLSearchParams,
  decide: (request: AuthorizeRequest) => Reply,
): Reply {
  const back: ReturnAddress = readReturnAddress(ctx, parameters)
  try {
    return decide(readAuthorizeRequest(ctx, parameters, back))
  } catch (error) {
    if (!(error instanceof OauthRefusal)) throw error
    const fields = { error: error.error, error_description: error.message, state: back.state }
    const denied = error.error === 'access_denied'
    const reply = redirect(withQuery(back.redirectUri, fields))
    return denied ? reply : { ...reply, refusal: error.error }
  }
}

function goBack(ctx: Context, request: AuthorizeRequest, accountId: AccountId): Reply {
  const { state } = ctx
  const code = randomBytes(24).toString('base64url')
  const { redirectUri, scope, codeChallenge } = request
  state.oauth.codes.set(code, {
    client: 'portal',
    accountId,
    redirectUri,
    scope,
    codeChallenge,
    expiresAt: ctx.now() + state.settings.oauthCodeLifetimeSeconds * 1000,
    grantId: null,
    spent: false,
  })
  state.activity.issued.oauthCodes += 1
  const reply = redirect(withQuery(redirectUri, { code, state: request.state }))
  return { ...reply, issued: { code: fingerprint(code) } }
}
