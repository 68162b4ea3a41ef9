import { describe, expect, it } from '@jest/globals'
import express, { type RequestHandler } from 'express'
import request from 'supertest'
import {
  createPageErrorHandler,
  createProblemHandler,
  notFoundHandler,
} from '../../../src/http/error-handler.ts'
import { PageError } from '../../../src/http/page-messages.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { recordLog, serve } from './serve.ts'

async function problems(handler: RequestHandler) {
  const recorded = recordLog()
  const app = express().get('/it/:id', handler)
  app.use(notFoundHandler, createProblemHandler({ log: recorded.log }))
  return { ...recorded, api: request((await serve(app)).url) }
}

const failing = (error: unknown) =>
  problems(() => {
    throw error
  })

describe('createProblemHandler', () => {
  it('answers a refusal with a problem document and logs it by its code', async () => {
    const { api, event } = await failing(new ServiceError('connection_exists'))

    const res = await api.get('/it/1').expect(409)

    expect(res.headers['content-type']).toBe('application/problem+json')
    expect(res.headers['cache-control']).toBe('no-store')
    expect(res.body.code).toBe('connection_exists')
    expect(await event('request_refused')).toMatchObject({
      level: 'info',
      code: 'connection_exists',
      status: 409,
      traceId: res.body.trace_id,
    })
  })

  it('logs an expected failure on our side without a stack', async () => {
    const { api, event } = await failing(new ServiceError('store_unavailable'))

    const res = await api.get('/it/1').expect(503)

    expect(res.headers['retry-after']).toBe('1')
    const logged = await event('request_failed')
    expect(logged.level).toBe('warn')
    expect(logged).not.toHaveProperty('error')
  })

  it('logs a defect with its frames, and its message nowhere', async () => {
    const { api, event, lines } = await failing(new RangeError('canary-secret'))

    const res = await api.get('/it/1').expect(500)

    expect(await event('request_failed')).toMatchObject({
      level: 'error',
      error: { type: 'RangeError', frames: expect.arrayContaining([expect.any(String)]) },
    })
    expect(res.text + lines.join('')).not.toContain('canary')
  })

  it('answers what rejects like what throws', async () => {
    const { api } = await problems(async () => {
      throw new ServiceError('not_found')
    })

    await api.get('/it/1').expect(404)
  })

  it('answers a path that no route has', async () => {
    const { api } = await failing(null)

    const res = await api.get('/nowhere?code=canary').expect(404)

    expect(res.body.code).toBe('not_found')
    expect(res.text).not.toContain('canary')
  })

  it('answers a path that cannot be decoded with 400', async () => {
    const { api } = await failing(null)

    const res = await api.get('/it/%zz').expect(400)

    expect(res.body.code).toBe('malformed_request')
    expect(res.text).not.toContain('%zz')
  })

  it('breaks off an answer that has begun', async () => {
    const { api, event } = await problems((_req, res) => {
      res.write('half')
      throw new Error('too late')
    })

    await expect(api.get('/it/1')).rejects.toThrow(/aborted|hang up/)

    expect(await event('request_failed')).toMatchObject({ level: 'error' })
  })
})

async function pages(error: unknown, renderPage = renderCause) {
  const recorded = recordLog()
  const app = express().get('/', () => {
    throw error
  })
  app.use(createPageErrorHandler({ renderPage, log: recorded.log }))
  return { ...recorded, api: request((await serve(app)).url) }
}

const renderCause = ({ cause, supportId }: { cause: string; supportId: string }) =>
  `<p>${cause} ${supportId}</p>`

describe('createPageErrorHandler', () => {
  it.each([
    [new PageError('unknown_state'), 400, 'unknown_state'],
    [new PageError('expired'), 410, 'expired'],
    [new PageError('expired', 400), 400, 'expired'],
    [new PageError('forbidden_origin'), 403, 'forbidden_origin'],
    [new ServiceError('not_found'), 404, 'not_found'],
    [new ServiceError('uri_too_long'), 414, 'bad_request'],
    [new ServiceError('session_ended'), 409, 'bad_request'],
    [new ServiceError('store_unavailable'), 503, 'service_unavailable'],
    [new ServiceError('upstream_timeout'), 504, 'service_unavailable'],
    [new TypeError('canary'), 500, 'internal'],
  ])('answers %s with status %i and the page %s', async (error, status, cause) => {
    const { api, lines } = await pages(error)

    const res = await api.get('/').expect(status)

    expect(res.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(res.headers['cache-control']).toBe('no-store')
    expect(res.text).toMatch(new RegExp(`^<p>${cause} [0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}</p>$`))
    expect(res.text + lines.join('')).not.toContain('canary')
  })

  it.each([
    [new ServiceError('method_not_allowed', { allow: 'POST' }), 'allow', 'POST'],
    [new ServiceError('store_unavailable', { retryAfterSeconds: 3 }), 'retry-after', '3'],
  ])('keeps the header that the status of %s asks for', async (error, name, value) => {
    const { api } = await pages(error)

    const res = await api.get('/')

    expect(res.headers[name]).toBe(value)
  })

  it('still answers when the page itself cannot be rendered', async () => {
    const { api, event } = await pages(new PageError('used'), () => {
      throw new Error('canary')
    })

    const res = await api.get('/').expect(400)

    expect(await event('page_not_rendered')).toMatchObject({ level: 'error' })
    expect(res.text).toMatch(/Support id [0-9a-f-]{14}/)
    expect(res.text).not.toContain('canary')
  })
})
