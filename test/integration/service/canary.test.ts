import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startServiceProcess } from '../../../scripts/stack/service-process.ts'
import type { RecordedExchange } from '../../support/recorded-fetch.ts'
import { everyByteUnder, everythingRedisTells } from '../../support/redis-files.ts'
import { type CanaryRun, runWithCanaries } from './canary-run.ts'

const RUN_MS = 60_000
const EMAILS = ['ada@fernhill.example', 'ben@marlow.example']

let run: CanaryRun

beforeAll(async () => {
  run = await runWithCanaries()
}, RUN_MS)
afterAll(() => run?.close())

/** Exchanges with the services; those with Samsung's side are not ours to judge. */
const ours = () => run.exchanges.filter(({ url }) => !url.startsWith(run.rig.sandbox.url))
const nameOf = ({ method, url, status }: RecordedExchange) => `${method} ${url} ${status}`

it('ran into everything that carries secrets, and knows them all', () => {
  const answers = new Set(
    ours().map(({ status, body }) => /"code":"(\w+)"/.exec(body)?.[1] ?? status),
  )
  expect([...answers].map(String).toSorted()).toEqual([
    '200',
    '201',
    '204',
    '303',
    '400',
    '404',
    '405',
    'audit_unavailable',
    'invalid_api_key',
    'invalid_request',
    'not_found',
    'refresh_outcome_unknown',
    'store_unavailable',
    'upstream_rate_limited',
    'upstream_refused',
    'upstream_unavailable',
  ])
  expect(run.canary.names.toSorted()).toEqual([
    'ADMIN_TOKEN',
    'API_KEY_PEPPER',
    'access token',
    'api key',
    'client identifier',
    'client secret',
    'code',
    'code verifier',
    'flow cookie',
    'kcs token',
    'mistyped key',
    'private key',
    'redis password',
    'refresh token',
    'result code',
    'signed token',
    'state',
    'vault key',
  ])
})

describe('no secret, however it is written,', () => {
  it('is in the output of the processes, or in their arguments', async () => {
    const { services } = run.rig.stack
    const events = services.map(({ output }) => output()).join('')
    for (const event of ['request', 'store_refused', 'refresh_refused', 'completion_failed'])
      expect(events).toContain(`"event":"${event}"`)
    for (const { output, pid } of services) {
      expect(run.canary.find('output', output())).toEqual([])
      for (const email of EMAILS) expect(output()).not.toContain(email)
      const file = await readFile(`/proc/${pid}/cmdline`)
      expect(run.canary.find('arguments', file)).toEqual([])
    }
  })

  it('is in an answer, but for the header of a handed-out token', () => {
    const findings = ours().flatMap((exchange) => {
      const { url, method, body } = exchange
      const isToken = /\/token$/.test(url)
      const text = isToken ? body.replace(/"x-knox-apitoken":"[^"]+"/, '') : body
      // The page on the way to Samsung leads there by a link that carries the state.
      const isOnTheWay = method === 'POST' && url.includes('/connect/')
      return run.canary.find(nameOf(exchange), text, isOnTheWay ? ['state'] : [])
    })

    expect(findings).toEqual([])
    for (const answer of run.raw) expect(run.canary.find('raw answer', answer)).toEqual([])
  })

  it('is in a header, but for the cookie of a flow and the result code on its way home', () => {
    const MAY: Readonly<Record<string, readonly string[]>> = {
      'set-cookie': ['flow cookie'],
      location: ['result code'],
    }
    const findings = ours().flatMap((exchange) =>
      exchange.headers.flatMap(([name, value]) =>
        run.canary.find(`${nameOf(exchange)} ${name}`, value, MAY[name]),
      ),
    )

    expect(findings).toEqual([])
  })

  it('is in an address, but for code, state and result code; and Samsung sees no other of ours', () => {
    const urls = run.exchanges
      .filter(({ url }) => !run.stuffed.includes(url))
      .flatMap(({ url, headers }) => [url, new Map(headers).get('location') ?? url])
    const allowed = ['code', 'state', 'result code']
    const names = new Set(
      urls.flatMap((url) => [...new URL(url, run.rig.stack.url).searchParams.keys()]),
    )

    expect(urls.flatMap((url) => run.canary.find(url, url, allowed))).toEqual([])
    expect([...names].toSorted()).toEqual([
      'api_server_url',
      'auth_server_url',
      'client_id',
      'code',
      'code_expires_in',
      'code_verifier',
      'connect_session',
      'handle',
      'redirect_uri',
      'response_type',
      'result_code',
      'state',
      'verbose',
    ])
  })

  it('is in metrics and readiness', async () => {
    const { stack } = run.rig
    const headers = { authorization: `Bearer ${stack.adminToken}` }
    for (const { adminUrl } of stack.services)
      for (const path of ['/metrics', '/readyz?verbose', '/admin/v1/status']) {
        const text = await (await fetch(adminUrl + path, { headers })).text()
        expect(text).toMatch(/knoxgate_refresh_total|refresh_outcomes/)
        expect(run.canary.find(path, text)).toEqual([])
        for (const secret of [...EMAILS, 't1']) expect(text).not.toContain(`"${secret}"`)
      }
  })

  async function placesOfRedis() {
    const { rig, watch } = run
    await rig.db.save()
    return {
      answers: await everythingRedisTells(rig.db),
      files: await everyByteUnder(rig.redis.dir),
      commands: watch.commands.join('\n'),
    }
  }

  it('is in Redis: keys, values, snapshots, append-only files, commands, slow log', async () => {
    const { rig, watch, canary } = run
    const places = await placesOfRedis()

    for (const [place, text] of Object.entries(places)) {
      expect(text).toContain('kg:{conn_')
      expect(canary.find(place, text)).toEqual([])
      for (const email of EMAILS) expect(text).not.toContain(email)
    }
    expect(Object.values(places).join()).toContain('token_minted')
    expect(places.files).toContain('appendonly.aof')
    expect(places.files).toContain('REDIS0010')
    expect(watch.commands.length).toBeGreaterThan(100)
    const [token = ''] = rig.sandbox.state.refreshTokens.keys()
    await rig.db.set('kg:{planted}', Buffer.from(`{"planted":"${token}"}`).toString('base64'))
    for (const text of Object.values(await placesOfRedis()))
      expect(canary.find('planted', text)).toMatchObject([{ secret: 'refresh token' }])
  })

  it('is in what a process writes that refuses its configuration', async () => {
    const { env } = run.rig.stack
    const broken = { ...env, VAULT_KEYS: `${env.VAULT_KEYS}x`, ADMIN_TOKEN: `${env.ADMIN_TOKEN} x` }

    const error = await startServiceProcess({ ...broken, PORT: '0' }).catch(String)

    expect(error).toMatch(
      /ended with 78[\s\S]*VAULT_KEYS[\s\S]*ADMIN_TOKEN|ADMIN_TOKEN[\s\S]*VAULT_KEYS/,
    )
    expect(run.canary.find('refusal', String(error))).toEqual([])
  })
})
