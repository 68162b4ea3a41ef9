import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Answer, type Call, createCall } from '../../../scripts/stack/portal-client.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

/** How late a process may act on what was done in another. */
const WITHIN_MS = 1000
const PORTAL = 'acme-console'
const KEPT = ['--appendonly', 'yes', '--appendfsync', 'always']

let rig: Rig
let dir: string
let here: Call
let there: Call
let admin: Call
let id: string
let restarted: RedisServer | undefined

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'knoxgate-redis-'))
  rig = await startRig({
    replicas: 2,
    redisDir: dir,
    redisArgs: KEPT,
    env: { KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1s' },
  })
  ;[here, there] = rig.calls as [Call, Call]
  admin = createCall(rig.stack.services[0]?.adminUrl ?? '', rig.stack.adminToken)
  id = await rig.connect('tenant-1')
})
afterAll(async () => {
  await rig?.close()
  await restarted?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const KEYS = `/admin/v1/portals/${PORTAL}/keys`
const tokenOf = (call: Call) => call('POST', `/v1/connections/${id}/token`)

/** How long from now on an answer was asked for that was still of the old kind. */
async function changesAt(ask: () => Promise<Answer>, isNew: (answer: Answer) => boolean) {
  const since = performance.now()
  let lastOldMs = 0
  await eventually(async () => {
    const askedAt = performance.now() - since
    if (isNew(await ask())) return true
    lastOldMs = askedAt
    return false
  })
  return lastOldMs
}

describe('a key', () => {
  it('opens both processes within a second of being made, and neither after it was revoked', async () => {
    const made = await admin('POST', KEYS, { scopes: ['tokens'], name: 'first' })
    const [one, other] = rig.stack.services.map(({ url }) =>
      createCall(url, made.body.api_key),
    ) as [Call, Call]
    expect(made.status).toBe(201)
    expect(made.body.api_key).toMatch(new RegExp(`^${made.body.key.prefix}[A-Za-z0-9_-]{43}$`))
    expect((await tokenOf(one)).status).toBe(200)
    const learnt = await changesAt(
      () => tokenOf(other),
      ({ status }) => status === 200,
    )
    expect(learnt).toBeLessThan(WITHIN_MS)

    expect((await admin('DELETE', `${KEYS}/${made.body.key.id}`)).status).toBe(204)
    const refused = await tokenOf(one)
    const lastOpen = await changesAt(
      () => tokenOf(other),
      ({ status }) => status === 401,
    )

    expect(refused.status).toBe(401)
    expect(lastOpen).toBeLessThan(WITHIN_MS)
    expect((await admin('DELETE', `${KEYS}/${made.body.key.id}`)).status).toBe(404)
  })
})

describe('a freeze', () => {
  it('reaches the other process within a second, outlives a restart of Redis, and can be lifted', async () => {
    for (const call of [here, there]) expect((await tokenOf(call)).status).toBe(200)
    const exchanges = rig.sandbox.record().requests.length

    const frozen = await admin('POST', '/admin/v1/freezes', {
      target: 'connection',
      id,
      reason: 'a drill',
    })
    const own = await tokenOf(here)
    const lastOpen = await changesAt(
      () => tokenOf(there),
      ({ status }) => status === 409,
    )

    expect(frozen.status).toBe(200)
    expect(own.body).toMatchObject({ code: 'connection_frozen', owner: 'operator' })
    expect(lastOpen).toBeLessThan(WITHIN_MS)
    expect((await there('POST', `/v1/connections/${id}/verify`)).body.code).toBe(
      'connection_frozen',
    )
    const { body: listed } = await there('GET', '/v1/connections?status=frozen')
    expect(listed.data.map((one: { id: string }) => one.id)).toEqual([id])
    expect(rig.sandbox.record().requests.length).toBe(exchanges)

    await rig.redis.stop('SIGKILL')
    restarted = await startRedis({ dir, port: rig.redis.port, args: KEPT })
    await eventually(
      async () => (await rig.db.hget('kg:{freezes}', 'record'))?.includes(id) ?? false,
    )
    const again = await rig.another()
    for (const service of rig.stack.services)
      expect(service.output()).not.toContain('shared_document_restored')
    await eventually(async () => (await tokenOf(there)).status !== 503)

    expect((await tokenOf(again.call)).body.code).toBe('connection_frozen')
    expect((await tokenOf(there)).body.code).toBe('connection_frozen')
    expect((await admin('GET', '/admin/v1/freezes')).body.data).toEqual([
      { target: 'connection', id, since: expect.any(String), reason: 'a drill', by: 'operate' },
    ])
    expect((await admin('DELETE', `/admin/v1/freezes?target=connection&id=${id}`)).status).toBe(204)
    await changesAt(
      () => tokenOf(there),
      ({ status }) => status === 200,
    )
    expect((await tokenOf(here)).status).toBe(200)
  })
})

describe('a key of the configuration', () => {
  it('can be rotated and revoked without a restart, and says when it was used', async () => {
    const { body } = await admin('GET', KEYS)
    const [configured] = body.data
    expect(configured).toMatchObject({ source: 'configuration', status: 'active', portal: PORTAL })

    const made = await admin('POST', `${KEYS}/${configured.id}/rotate`, { overlap_seconds: 3600 })
    const next = createCall(rig.stack.services[1]?.url ?? '', made.body.api_key)
    await changesAt(
      () => tokenOf(next),
      ({ status }) => status === 200,
    )

    expect(made.body.key).toMatchObject({ scopes: configured.scopes, replaces: configured.id })
    expect((await tokenOf(there)).status).toBe(200)
    const after = await admin('GET', KEYS)
    expect(after.body.data[0]).toMatchObject({ id: configured.id, status: 'active' })
    expect(Date.parse(after.body.data[0].expires_at) - Date.now()).toBeGreaterThan(3_500_000)
    await eventually(async () => {
      const { data } = (await admin('GET', KEYS)).body
      return data.every((one: { last_used_at?: string }) => one.last_used_at !== undefined)
    })

    expect((await admin('DELETE', `${KEYS}/${configured.id}`)).status).toBe(204)
    const lastOpen = await changesAt(
      () => tokenOf(there),
      ({ status }) => status === 401,
    )

    expect(lastOpen).toBeLessThan(WITHIN_MS)
    expect((await tokenOf(here)).status).toBe(401)
    expect((await tokenOf(next)).status).toBe(200)
  })
})
