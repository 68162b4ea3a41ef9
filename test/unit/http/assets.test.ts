import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { createAssetRouter } from '../../../src/http/assets.ts'
import { createProblemHandler, notFoundHandler } from '../../../src/http/error-handler.ts'
import { createPages } from '../../../src/http/pages.ts'
import { recordLog, serve } from './serve.ts'

const viewsDir = join(import.meta.dirname, '../../../views')

async function start() {
  const app = express().use(createAssetRouter({ viewsDir }), notFoundHandler)
  app.use(createProblemHandler({ log: recordLog().log }))
  return request((await serve(app)).url)
}

const linked = () =>
  createPages({ viewsDir })
    .denied({ supportId: 'x' })
    .match(/\/assets\/style\.css\?v=[0-9a-f]+/)?.[0] ?? ''

describe('createAssetRouter', () => {
  it('serves what pages link to, to be kept for a year', async () => {
    const res = await (await start()).get(linked()).expect(200)

    expect(res.text).toBe(readFileSync(join(viewsDir, 'style.css'), 'utf8'))
    expect(res.headers).toMatchObject({
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    })
  })

  it('answers 304 to an address without version while nothing has changed', async () => {
    const api = await start()

    const first = await api.get('/assets/mark.svg').expect(200)
    const again = await api.get('/assets/mark.svg').set('If-None-Match', String(first.headers.etag))

    expect(first.headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'cache-control': 'no-cache',
    })
    expect(again.status).toBe(304)
  })

  it.each([
    '/assets/',
    '/assets/confirm.eta',
    '/assets/..%2fpackage.json',
    '/assets/../package.json',
  ])('knows no %s', async (path) => {
    await (await start()).get(path).expect(404)
  })

  it('answers no other method', async () => {
    await (await start()).post('/assets/style.css').expect(405)
  })
})
