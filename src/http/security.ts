import type { RequestHandler } from 'express'
import helmet from 'helmet'
import { ServiceError } from '../shared/errors.ts'
import { PageError } from './page-messages.ts'

const HSTS_SECONDS = 31_536_000

/**
 * Headers of every answer that is not a page. A plain object, because a helmet instance per request
 * shows in the throughput of the token route. There is no CORS header: browsers have no business
 * here.
 */
export const API_HEADERS = Object.freeze({
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': `max-age=${HSTS_SECONDS}; includeSubDomains`,
  'X-Content-Type-Options': 'nosniff',
})

const API_HEADER_ENTRIES = Object.entries(API_HEADERS)

/** Middleware that sets `API_HEADERS`. */
export function apiSecurity(): RequestHandler {
  return (_req, res, next) => {
    for (const [name, value] of API_HEADER_ENTRIES) res.setHeader(name, value)
    res.removeHeader('X-Powered-By')
    next()
  }
}

/**
 * Middleware that sets the headers of pages: no script, nothing from elsewhere, no framing, no
 * cache.
 *
 * `Referrer-Policy` is `same-origin` and not `no-referrer`, under which Chromium sends `Origin:
 * null` from our own forms.
 *
 * @param options.formAction - `none` for pages without a form.
 */
export function pageSecurity(
  options: { readonly formAction?: 'self' | 'none' } = {},
): RequestHandler {
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'base-uri': ["'none'"],
        'object-src': ["'none'"],
        'form-action': [`'${options.formAction ?? 'self'}'`],
        'frame-ancestors': ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: { maxAge: HSTS_SECONDS, includeSubDomains: true },
    xFrameOptions: { action: 'deny' },
  })
  return (req, res, next) => {
    res.setHeader('Cache-Control', 'no-store')
    setHeaders(req, res, next)
  }
}

/** Middleware that refuses a request target longer than the limit with `uri_too_long`. */
export function urlLimit({ limitBytes }: { readonly limitBytes: number }): RequestHandler {
  return (req, _res, next) => {
    // Node reads the target as Latin-1, so one character is one byte.
    if (req.originalUrl.length > limitBytes) {
      throw new ServiceError('uri_too_long', { detail: `the limit is ${limitBytes} bytes` })
    }
    next()
  }
}

/**
 * Handler for `router.all(path, …)` that lets the named methods pass and refuses any other with
 * `method_not_allowed` and `Allow`. `GET` permits `HEAD`.
 */
export function allowMethods(...methods: readonly string[]): RequestHandler {
  const permitted = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const allow = permitted.join(', ')
  return (req, _res, next) => {
    if (!permitted.includes(req.method)) throw new ServiceError('method_not_allowed', { allow })
    next()
  }
}

/**
 * Middleware for state-changing pages: only our own pages may send the request.
 *
 * The browser's word on the initiator (`Sec-Fetch-Site`) decides. Where it is absent, as with old
 * browsers and plain http, `Origin` must be that of `publicUrl`. `same-site` is refused like
 * `cross-site`: a neighbouring subdomain is not us.
 *
 * @throws PageError `forbidden_origin`.
 */
export function sameOrigin({ publicUrl }: { readonly publicUrl: string }): RequestHandler {
  const { origin } = new URL(publicUrl)
  return (req, _res, next) => {
    const site = req.headers['sec-fetch-site']
    const isOwn = site === undefined ? req.headers.origin === origin : site === 'same-origin'
    if (!isOwn) throw new PageError('forbidden_origin')
    next()
  }
}
