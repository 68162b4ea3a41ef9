import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { createProblemHandler } from '../../../src/http/error-handler.ts'
import { storeLimit } from '../../../src/http/store-limit.ts'
import { createApiKey, pepperKey } from '../../../src/portal/api-key.ts'
import { createAuthenticator } from '../../../src/portal/authenticate.ts'
import { createHotToken } from '../../../src/portal/hot-token.ts'
import { createTokenAnswer } from '../../../src/portal/token-answer.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { spendStoreTime } from '../../../src/shared/store-time.ts'
import type { HandOut } from '../../../src/vault/hand-out.ts'
import { configuredKeys } from '../access/support/keys.ts'
import { recordLog, serve } from '../http/serve.ts'
import { NO_LIMITS } from '../limits/support/no-limits.ts'

const LIMIT_MS = 300
const PATH = `/v1/connections/conn_${'0'.repeat(32)}/token`

const pepper = new Secret('a pepper of at least thirty-two characters')
const { apiKey, entry } = createApiKey(pepper, { scopes: ['tokens'] })
const portal = { id: 'acme', name: 'Acme', returnUrls: [], programs: [], apiKeys: [entry] }

/** @param ms - Infinity: nothing is heard of it. */
const askStore = (ms: number) =>
  spendStoreTime(
    () => new Promise<void>((resolve) => void (ms < Infinity && setTimeout(resolve, ms))),
  )

/** The short way in front of a normal one, over a store that takes its time. */
async function start(ways: { readonly confirmMs: number; readonly normalMs: number }) {
  const { log } = recordLog()
  const seen = { snapshot: AsyncLocalStorage.snapshot() }
  const authenticator = createAuthenticator({
    keys: configuredKeys([portal]),
    pepper: pepperKey(pepper),
    addressOf: () => null,
    clock: Date.now,
  })
  const hotToken = createHotToken({
    authenticator,
    tokenSource: {
      peek: () => null,
      async confirm(): Promise<HandOut | null> {
        seen.snapshot = AsyncLocalStorage.snapshot()
        await askStore(ways.confirmMs)
        return null
      },
      handOut: () => Promise.reject(new Error('not the short way')),
      forget: () => {},
      idle: async () => {},
    },
    tokenAnswer: createTokenAnswer(new Map()),
    countHandOut: () => {},
    limits: NO_LIMITS,
    defaultMinTtlMs: 60_000,
    storeLimitMs: LIMIT_MS,
    log,
  })
  const app = express().use(storeLimit({ limitMs: LIMIT_MS }))
  app.post(PATH, async (_req, res) => {
    await askStore(ways.normalMs)
    res.json({})
  })
  app.use(createProblemHandler({ log }))
  const { url } = await serve((req, res) => {
    // The short way is for keys that were proven before.
    authenticator.identify(req)
    hotToken(req, res, () => app(req, res))
  })
  const ask = () => request(url).post(PATH).set('authorization', `Bearer ${apiKey.reveal()}`)
  return { ask, seen }
}

it('ends in time when the store does not confirm what is at hand', async () => {
  const { ask } = await start({ confirmMs: Infinity, normalMs: 0 })

  const { status, body, headers } = await ask()

  expect([status, body.code]).toEqual([503, 'store_unavailable'])
  expect(headers['retry-after']).toBe('1')
})

it.each([
  [LIMIT_MS * 0.4, 200],
  [LIMIT_MS * 0.8, 503],
])('gives both ways one limit together: %d ms on each is %d', async (ms, expected) => {
  const { ask } = await start({ confirmMs: ms, normalMs: ms * 0.8 })

  expect((await ask()).status).toBe(expected)
})

it('leaves no limit behind on what began in the request and goes on', async () => {
  const { ask, seen } = await start({ confirmMs: Infinity, normalMs: 0 })
  await ask()

  await expect(seen.snapshot(() => askStore(1))).resolves.toBeUndefined()
})
