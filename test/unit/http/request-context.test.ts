import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import express, { Router } from 'express'
import request from 'supertest'
import { createProblemHandler, notFoundHandler } from '../../../src/http/error-handler.ts'
import { notePortal, requestContext, supportIdOf } from '../../../src/http/request-context.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { recordLog, serve } from './serve.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

async function start() {
  const recorded = recordLog()
  const router = Router()
  router.get('/things/:id', (req, res) => {
    notePortal(res, 'acme-console')
    if (req.params.id === 'bad') throw new ServiceError('not_found')
    res.json({ support: supportIdOf(res) })
  })
  let now = 0
  const clock = () => {
    now += 7
    return now
  }
  const app = express().use(requestContext({ log: recorded.log, clock }))
  app.get('/callback/:program', (_req, res) => {
    res.end()
  })
  app.get('/never', () => undefined)
  app.use('/v1', router)
  app.use(notFoundHandler, createProblemHandler({ log: recorded.log }))
  return { ...recorded, ...(await serve(app)) }
}

describe('requestContext', () => {
  it('gives every request its own trace id', async () => {
    const { url } = await start()

    const ids = new Set<string>()
    for (let i = 0; i < 600; i++) {
      const res = await request(url).get('/callback/x')
      ids.add(res.headers['x-trace-id'] ?? '')
    }

    expect(ids.size).toBe(600)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  })

  it('takes over the trace id of a valid traceparent, and shows it as a support id', async () => {
    const { url } = await start()

    const res = await request(url)
      .get('/v1/things/1')
      .set('traceparent', `00-${TRACE}-00f067aa0ba902b7-01`)

    expect(res.headers['x-trace-id']).toBe(TRACE)
    expect(res.body).toEqual({ support: '4bf9-2f35-77b3' })
  })

  it.each([
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7-01-x`,
    `${TRACE}`,
  ])('makes its own when traceparent is %s', async (traceparent) => {
    const { url } = await start()

    const res = await request(url).get('/v1/things/1').set('traceparent', traceparent)

    expect(res.headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/)
    expect(res.headers['x-trace-id']).not.toBe(TRACE)
  })

  it('logs the request by its route and portal, never by its URL', async () => {
    const { url, event, lines } = await start()

    const res = await request(url).get('/v1/things/canary?code=canary')

    expect(await event('request')).toMatchObject({
      level: 'info',
      traceId: res.headers['x-trace-id'],
      method: 'GET',
      route: '/v1/things/:id',
      status: 200,
      durationMs: 7,
      portalId: 'acme-console',
    })
    expect(lines.join('')).not.toContain('canary')
  })

  it('knows the route of a request that failed', async () => {
    const { url, event } = await start()

    await request(url).get('/v1/things/bad').expect(404)

    expect(await event('request')).toMatchObject({ route: '/v1/things/:id', status: 404 })
  })

  it('logs a path without a route as unmatched', async () => {
    const { url, event } = await start()

    await request(url).get('/canary').expect(404)

    expect(await event('request')).toMatchObject({ route: 'unmatched', status: 404 })
  })

  it('logs a request whose client went away as aborted', async () => {
    const { url, server, event } = await start()
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
    socket.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(server, 'request')

    socket.destroy()

    expect(await event('request')).toMatchObject({ route: '/never', outcome: 'aborted' })
  })
})
