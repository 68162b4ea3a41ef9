import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { Context } from './context.ts'
import type { Control } from './control/control.ts'
import { createControlRouter } from './control/routes.ts'
import { serve } from './http/endpoint.ts'
import { setOwnDate } from './http/own-date.ts'
import { amsEndpoint } from './knox/ams-endpoint.ts'
import { describeRefusal, KnoxRefusal, knoxCodeReply } from './knox/errors.ts'
import { guardDevicesEndpoint } from './knox/guard-endpoint.ts'
import { devicesEndpoint, profilesEndpoint } from './knox/kme-endpoint.ts'
import { managedCustomersEndpoint } from './knox/managed-customers.ts'
import { programEndpoint } from './knox/program-endpoint.ts'
import { decideAuthorize, showAuthorize } from './knox-oauth/authorize.ts'
import { revocationEndpoint } from './knox-oauth/revocation-endpoint.ts'
import { oauthTokenEndpoint } from './knox-oauth/token-endpoint.ts'
import { homePage } from './pages/home.ts'
import { signInEndpoint } from './samsung-account/sign-in-endpoint.ts'
import { decideSignIn, showSignIn } from './samsung-account/sign-in-gate.ts'
import { endSignIn } from './samsung-account/sign-out-gate.ts'
import { tokenEndpoint } from './samsung-account/token-endpoint.ts'
import {
  ACCESS_TOKEN_PATH,
  AUTHORIZE_PATH,
  DEVICES_PATH,
  GUARD_DEVICES_PATH,
  MANAGED_CUSTOMERS_PATH,
  OAUTH_TOKEN_PATH,
  PROFILES_PATH,
  PROGRAM_TOKEN_PATH,
  REVOKE_PATH,
  TOKEN_PATH,
} from './urls.ts'

/** Puts everything that is imitated, and the controls, on one Express application. */
export function createApp(ctx: Context, control: Control): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.use(withOwnDate(ctx))
  app.use(express.text({ type: () => true, limit: '64kb', inflate: false }))

  app.get('/', (_req, res) => {
    const { status, headers, body } = homePage(ctx)
    res.status(status).set(headers).send(body)
  })
  app.get('/accounts/v1/:alias/signInGate', serve(ctx, signInEndpoint(ctx, showSignIn)))
  app.post('/accounts/v1/:alias/signInGate', serve(ctx, signInEndpoint(ctx, decideSignIn)))
  app.get('/accounts/v1/:alias/signOutGate', serve(ctx, signInEndpoint(ctx, endSignIn)))
  app.post(TOKEN_PATH, serve(ctx, tokenEndpoint(ctx)))
  app.post(ACCESS_TOKEN_PATH, serve(ctx, amsEndpoint(ctx)))
  app.post(PROGRAM_TOKEN_PATH, serve(ctx, programEndpoint(ctx)))
  app.get(AUTHORIZE_PATH, serve(ctx, signInEndpoint(ctx, showAuthorize, 'authorize')))
  app.post(AUTHORIZE_PATH, serve(ctx, signInEndpoint(ctx, decideAuthorize, 'authorize')))
  app.post(OAUTH_TOKEN_PATH, serve(ctx, oauthTokenEndpoint(ctx)))
  app.post(REVOKE_PATH, serve(ctx, revocationEndpoint(ctx)))
  app.get(PROFILES_PATH, serve(ctx, profilesEndpoint(ctx)))
  app.get(DEVICES_PATH, serve(ctx, devicesEndpoint(ctx)))
  app.post(GUARD_DEVICES_PATH, serve(ctx, guardDevicesEndpoint(ctx)))
  app.get(MANAGED_CUSTOMERS_PATH, serve(ctx, managedCustomersEndpoint(ctx)))
  app.use(createControlRouter(ctx.state, control))

  app.use(notFound(ctx))
  app.use(onError)
  return app
}

const withOwnDate =
  (ctx: Context): RequestHandler =>
  (_req, res, next) => {
    setOwnDate(ctx, res)
    res.setHeader('Cache-Control', 'no-store')
    next()
  }

const notFound =
  ({ state }: Context): RequestHandler =>
  (_req, res) => {
    const refusal = new KnoxRefusal('RESOURCE_NOT_FOUND', 'the sandbox does not imitate this')
    const { status, headers, body } = knoxCodeReply(
      describeRefusal(refusal, state.settings),
      state.settings.codeShape,
    )
    res.status(status).set(headers).send(body)
  }

/** Answers what Express itself refuses, such as a body over the limit; quotes nothing. */
const onError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const status = statusOf(error)
  if (res.headersSent) {
    res.socket?.destroy()
    return
  }
  res.status(status).json({ error: status === 500 ? 'defect in the sandbox' : 'bad request' })
}

function statusOf(error: unknown): number {
  if (!(error instanceof Error) || !('status' in error)) return 500
  return typeof error.status === 'number' ? error.status : 500
}
