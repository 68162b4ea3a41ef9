import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import request from 'supertest'
import { createPageErrorHandler, createProblemHandler } from '../../../src/http/error-handler.ts'
import { createPages } from '../../../src/http/pages.ts'
import { API_HEADERS, apiSecurity, pageSecurity } from '../../../src/http/security.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { recordLog, serve } from './serve.ts'

const pages = createPages({ viewsDir: join(import.meta.dirname, '../../../views') })
const { log } = recordLog()

const FAILURES = [
  [500, new TypeError('canary')],
  [502, new ServiceError('upstream_malformed')],
  [503, new ServiceError('store_unavailable')],
  [504, new ServiceError('upstream_timeout')],
] as const

/** An application in which everything fails. */
async function failing(security: RequestHandler, last: ErrorRequestHandler, error: unknown) {
  const app = express().use(
    security,
    () => {
      throw error
    },
    last,
  )
  return request((await serve(app)).url)
    .get('/')
    .set('Origin', 'https://evil.example')
}

describe('an answer of a service that failed has the headers of any other:', () => {
  it.each(FAILURES)('a page with status %i', async (status, error) => {
    const last = createPageErrorHandler({ renderPage: pages.error, log })

    const { status: got, headers } = await failing(pageSecurity(), last, error)

    expect(got).toBe(status)
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it.each(FAILURES)('a problem document with status %i', async (status, error) => {
    const last = createProblemHandler({ log })

    const { status: got, headers } = await failing(apiSecurity(), last, error)

    expect(got).toBe(status)
    for (const [name, value] of Object.entries(API_HEADERS))
      expect([name, headers[name.toLowerCase()]]).toEqual([name, value])
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })
})
