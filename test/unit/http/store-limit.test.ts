import { expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { createProblemHandler } from '../../../src/http/error-handler.ts'
import { jsonBody } from '../../../src/http/json-body.ts'
import { storeLimit } from '../../../src/http/store-limit.ts'
import { spendStoreTime } from '../../../src/shared/store-time.ts'
import { recordLog, serve } from './serve.ts'

const LIMIT_MS = 250

const silence = () => spendStoreTime(() => new Promise<never>(() => {}))

async function start(handle: express.RequestHandler) {
  const { log } = recordLog()
  const app = express().use(storeLimit({ limitMs: LIMIT_MS }))
  app.post('/', jsonBody({ limitBytes: 1000 }), handle)
  app.use(createProblemHandler({ log }))
  return request((await serve(app)).url)
}

it('ends a request that waits for the store too long, also after its body was read', async () => {
  const api = await start(async () => silence())

  for (const body of [undefined, { a: 1 }]) {
    const answer = await api.post('/').send(body)

    expect([answer.status, answer.body.code]).toEqual([503, 'store_unavailable'])
    expect(answer.headers['retry-after']).toBe('1')
  }
})

it('gives every request a limit of its own', async () => {
  const pause = () => spendStoreTime(() => new Promise((resolve) => setTimeout(resolve, 100)))
  const api = await start(async (_req, res) => {
    await pause()
    res.json({})
  })

  for (let round = 0; round < 4; round++) expect((await api.post('/')).status).toBe(200)
})

it('does not cut off what goes on after the answer', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const goOn = () =>
    spendStoreTime(() => new Promise((done) => setTimeout(done, LIMIT_MS + 100, 'done')))
  const api = await start((_req, res) => {
    res.on('close', () => {
      resolve(goOn().catch((error: unknown) => error))
    })
    res.json({})
  })

  await api.post('/')

  expect(await promise).toBe('done')
})
