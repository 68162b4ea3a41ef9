import { expect, it } from '@jest/globals'
import request from 'supertest'
import { createApiKey, pepperKey } from '../../../src/portal/api-key.ts'
import { createAuthenticator } from '../../../src/portal/authenticate.ts'
import { createHotToken } from '../../../src/portal/hot-token.ts'
import { createTokenAnswer } from '../../../src/portal/token-answer.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { configuredKeys } from '../access/support/keys.ts'
import { recordLog, serve } from '../http/serve.ts'
import { NO_LIMITS } from '../limits/support/no-limits.ts'

const pepper = new Secret('a pepper of at least thirty-two characters')
const { apiKey, entry } = createApiKey(pepper, { scopes: ['tokens'] })
const portal = { id: 'acme', name: 'Acme', returnUrls: [], programs: [], apiKeys: [entry] }

it('a defect on the short way costs its own request, and is logged', async () => {
  const { log, event } = recordLog()
  const authenticator = createAuthenticator({
    keys: configuredKeys([portal]),
    pepper: pepperKey(pepper),
    addressOf: () => null,
    clock: Date.now,
  })
  const hotToken = createHotToken({
    authenticator,
    tokenSource: {
      peek: () => {
        throw new TypeError('a defect that says nothing to anybody')
      },
      confirm: async () => null,
      handOut: () => Promise.reject(new Error('not the short way')),
      forget: () => {},
      idle: async () => {},
    },
    tokenAnswer: createTokenAnswer(new Map()),
    countHandOut: () => {},
    limits: NO_LIMITS,
    defaultMinTtlMs: 60_000,
    storeLimitMs: 1000,
    log,
  })
  const { url } = await serve((req, res) => {
    authenticator.identify(req)
    hotToken(req, res, () => res.end('the normal way'))
  })
  const call = () =>
    request(url)
      .post(`/v1/connections/conn_${'0'.repeat(32)}/token`)
      .set('authorization', `Bearer ${apiKey.reveal()}`)

  for (let n = 0; n < 2; n++) {
    const { status, body, headers } = await call()
    expect([status, body.code]).toEqual([500, 'internal_error'])
    expect(headers['cache-control']).toBe('no-store')
    expect(JSON.stringify(body)).not.toContain('a defect')
  }
  expect(await event('request_failed')).toMatchObject({ level: 'error', code: 'internal_error' })
})
