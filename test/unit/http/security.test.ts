import { describe, expect, it } from '@jest/globals'
import express, { type RequestHandler } from 'express'
import request from 'supertest'
import {
  createPageErrorHandler,
  createProblemHandler,
  notFoundHandler,
} from '../../../src/http/error-handler.ts'
import {
  API_HEADERS,
  allowMethods,
  apiSecurity,
  pageSecurity,
  sameOrigin,
  urlLimit,
} from '../../../src/http/security.ts'
import { recordLog, serve } from './serve.ts'

async function start(middleware: RequestHandler, asPages = false) {
  const { log } = recordLog()
  const app = express().use(middleware)
  app.all('/', (_req, res) => {
    res.end('ok')
  })
  const onPage = createPageErrorHandler({ renderPage: ({ cause }) => cause, log })
  app.use(notFoundHandler, asPages ? onPage : createProblemHandler({ log }))
  return request((await serve(app)).url)
}

describe('pageSecurity', () => {
  it('permits our style and images, our own forms, and nothing else', async () => {
    const api = await start(pageSecurity())

    const { headers } = await api.get('/').set('Origin', 'https://evil.example')

    expect(headers['content-security-policy']?.split(';').sort()).toEqual(
      [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
      ].sort(),
    )
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
    expect(headers).not.toHaveProperty('x-powered-by')
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('permits no form on pages that have none', async () => {
    const { headers } = await (await start(pageSecurity({ formAction: 'none' }))).get('/')

    expect(headers['content-security-policy']).toContain("form-action 'none'")
  })
})

describe('apiSecurity', () => {
  it.each(['/', '/nowhere'])('sets its headers on %s, and none for other origins', async (path) => {
    const api = await start(apiSecurity())

    const { headers } = await api.get(path).set('Origin', 'https://evil.example')

    for (const [name, value] of Object.entries(API_HEADERS)) {
      expect(headers[name.toLowerCase()]).toBe(value)
    }
    expect(headers).not.toHaveProperty('x-powered-by')
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('urlLimit', () => {
  it('lets a target of the limit pass and refuses one byte more', async () => {
    const api = await start(urlLimit({ limitBytes: 20 }))

    await api.get(`/?${'x'.repeat(18)}`).expect(200)
    const res = await api.get(`/?${'x'.repeat(19)}`).expect(414)

    expect(res.body).toMatchObject({ code: 'uri_too_long', detail: 'the limit is 20 bytes' })
  })
})

describe('allowMethods', () => {
  it.each(['get', 'head', 'post'] as const)('lets %s pass', async (method) => {
    await (await start(allowMethods('GET', 'POST')))[method]('/').expect(200)
  })

  it.each(['put', 'delete', 'patch', 'options', 'trace'] as const)(
    'refuses %s and says what is answered',
    async (method) => {
      const res = await (await start(allowMethods('GET', 'POST')))[method]('/').expect(405)

      expect(res.headers.allow).toBe('GET, HEAD, POST')
    },
  )
})

describe('sameOrigin', () => {
  const own = 'https://connect.acme.example'

  it.each([
    [{ 'Sec-Fetch-Site': 'same-origin' }, 200],
    [{ 'Sec-Fetch-Site': 'same-origin', Origin: 'null' }, 200],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site', Origin: own }, 403],
    [{ 'Sec-Fetch-Site': 'none', Origin: own }, 403],
    [{ 'Sec-Fetch-Site': '', Origin: own }, 403],
    [{ 'Sec-Fetch-Site': 'same-origin, cross-site' }, 403],
    [{ Origin: own }, 200],
    [{ Origin: 'null' }, 403],
    [{ Origin: `${own}:8443` }, 403],
    [{ Origin: 'http://connect.acme.example' }, 403],
    [{ Origin: `${own}.evil.example` }, 403],
    [{ Referer: `${own}/connect/x` }, 403],
    [{}, 403],
  ])('answers a form sent with %j by %i', async (headers, status) => {
    const api = await start(sameOrigin({ publicUrl: own }), true)

    const res = await api.post('/').set(headers)

    expect(res.status).toBe(status)
    if (status === 403) expect(res.text).toBe('forbidden_origin')
  })
})
