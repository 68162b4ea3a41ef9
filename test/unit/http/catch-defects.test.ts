import { expect, it } from '@jest/globals'
import request from 'supertest'
import { catchDefects } from '../../../src/http/catch-defects.ts'
import { recordLog, serve } from './serve.ts'

it('answers what a listener throws like a defect in a route, and goes on', async () => {
  const { log, event, lines } = recordLog()
  const throwing = catchDefects(
    ({ url }, res) => {
      if (url === '/throws') throw new RangeError('canary')
      res.end('fine')
    },
    { log },
  )
  const api = request((await serve(throwing)).url)

  const res = await api.get('/throws').expect(500)

  expect(res.body).toMatchObject({ code: 'internal_error', trace_id: res.headers['x-trace-id'] })
  expect(res.headers['content-type']).toBe('application/problem+json')
  expect(res.headers['cache-control']).toBe('no-store')
  expect(await event('request_failed')).toMatchObject({
    level: 'error',
    traceId: res.body.trace_id,
    error: { type: 'RangeError' },
  })
  expect(res.text + lines.join('')).not.toContain('canary')
  expect((await api.get('/')).text).toBe('fine')
})

it('breaks off an answer that has begun', async () => {
  const { log, event } = recordLog()
  const throwing = catchDefects(
    (_req, res) => {
      res.write('half')
      throw new Error('too late')
    },
    { log },
  )

  await expect(request((await serve(throwing)).url).get('/')).rejects.toThrow(/aborted|hang up/)

  expect(await event('request_failed')).toMatchObject({ level: 'error' })
})
