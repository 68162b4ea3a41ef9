import { ACCOUNTS, type AccountId, isAccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Incoming, Reply } from '../http/exchange.ts'
import { signInPage } from '../pages/sign-in.ts'
import { fingerprint } from '../record.ts'
import { gatePath } from '../urls.ts'
import { signedInAccount, signIn } from './browser-session.ts'
import { issueCode } from './codes.ts'
import { sendBackCode, sendBackDenial } from './send-back.ts'
import {
  checkAlias,
  readOne,
  readSignInRequest,
  SignInRefusal,
  type SignInRequest,
} from './sign-in-request.ts'

/**
 * Answers `GET signInGate`: whoever is signed in and has consented goes straight back, everybody
 * else gets the page.
 *
 * @throws SignInRefusal
 */
export function showSignIn(ctx: Context, incoming: Incoming): Reply {
  checkAlias(ctx, incoming)
  const request = readSignInRequest(ctx, incoming.query)
  const accountId = signedInAccount(ctx, incoming)
  if (accountId !== null && ctx.state.consents.has(accountId)) {
    return goBack(ctx, request, accountId)
  }
  return signInPage(gatePath(ctx.registration.client.alias, 'signInGate'), {
    client_id: request.clientId,
    response_type: request.responseType,
    redirect_uri: request.redirectUri,
    state: request.state,
  })
}

/**
 * Answers `POST signInGate`, the form of the page: `allow` or `deny` names the administrator.
 *
 * @throws SignInRefusal
 */
export function decideSignIn(ctx: Context, incoming: Incoming): Reply {
  checkAlias(ctx, incoming)
  if (incoming.contentType !== 'application/x-www-form-urlencoded') {
    throw new SignInRefusal(400, 'form_expected', 'The form was sent in another encoding.')
  }
  const form = new URLSearchParams(incoming.body)
  const request = readSignInRequest(ctx, form)
  const { allowed, accountId } = readDecision(form)
  if (!allowed) return sendBackDenial(ctx, request)
  ctx.state.consents.add(accountId)
  const reply = goBack(ctx, request, accountId)
  return { ...reply, headers: { ...reply.headers, ...signIn(ctx, incoming, accountId) } }
}

/** Reads who decided, and how. @throws SignInRefusal */
export function readDecision(form: URLSearchParams): { allowed: boolean; accountId: AccountId } {
  const allowed = form.has('allow')
  if (allowed === form.has('deny')) {
    throw new SignInRefusal(400, 'decision_missing', 'Say either allow or deny.')
  }
  const accountId = readOne(form, allowed ? 'allow' : 'deny')
  if (!isAccountId(accountId)) {
    throw new SignInRefusal(400, 'account_unknown', 'There is no such administrator.')
  }
  return { allowed, accountId }
}

function goBack(ctx: Context, request: SignInRequest, accountId: AccountId): Reply {
  const code = issueCode(ctx, request, accountId)
  const reply = sendBackCode(ctx, request, ACCOUNTS[accountId], code)
  return { ...reply, issued: { code: fingerprint(code) } }
}
