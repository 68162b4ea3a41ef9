import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Answer, Call } from '../../../scripts/stack/portal-client.ts'
import type { ServiceProcess } from '../../../scripts/stack/service-process.ts'
import { createSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts'
import { parseProgramToken, programTokenId } from '../../../src/vault/program-token-record.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { type AmsRegistration, type AmsUpstream, startAms } from '../../support/ams-upstream.ts'
import { eventually } from '../../support/eventually.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { newKeysJson } from '../../unit/config/valid-config.ts'

const CONNECTIONS = 100
const CALLS = 1000
const NEXT = 'eyJhbGciOiJIUzUxMiJ9.e30.bmV4dA'
const KEY = documentKey(programTokenId('emm-eu'))
const tenantOf = (n: number) => `4712-${n}`

let sandbox: Sandbox
let ams: AmsUpstream
let rig: Rig
/** What Samsung has on record. */
let samsung: AmsRegistration & { readonly clientIdentifiers: Set<string> }
let ids: readonly string[]
let calls: readonly [Call, Call]

beforeAll(async () => {
  sandbox = await createSandbox({ clock: Date.now })
  const { knox } = sandbox.registration
  const managed = Array.from({ length: CONNECTIONS }, (_, n) => tenantOf(n))
  samsung = {
    publicKey: knox.keys.Public,
    clientIdentifiers: new Set([knox.clientIdentifier]),
    managed: new Set(managed),
  }
  ams = await startAms(samsung)
  const fields = {
    kind: 'knox-msp',
    next_client_identifier: { env: 'NEXT_CLIENT_IDENTIFIER' },
    samsung_account: undefined,
    knox: {
      base_url: ams.url,
      access_token_path: '/ams/v1/users/accesstoken',
      validity_minutes: 30,
    },
  }
  const env = {
    NEXT_CLIENT_IDENTIFIER: NEXT,
    KNOXGATE_UPSTREAM_TIMEOUT: '1s',
    KNOXGATE_REFRESH_COMMIT_BUDGET: '500ms',
    KNOXGATE_REFRESH_LEASE: '1900ms',
  }
  rig = await startRig({ sandbox, replicas: 2, program: { fields }, env })
  calls = [rig.calls[0] ?? rig.call, rig.calls[1] ?? rig.call]
  const made = await Promise.all(
    managed.map((managed_tenant_id, n) =>
      rig.call('POST', '/v1/connections', {
        program: 'emm-eu',
        tenant_ref: `tenant-${n}`,
        managed_tenant_id,
      }),
    ),
  )
  ids = made.map(({ body }) => String(body.id))
})
afterAll(async () => {
  await rig?.close()
  await ams?.close()
  await sandbox?.close()
})
beforeEach(() => {
  ams.exchanges.length = 0
  ams.delayMs = 0
})

const token = (n: number): Promise<Answer> => {
  const call = calls[n % 2 === 0 ? 0 : 1]
  return call('POST', `/v1/connections/${ids[Math.floor(n / 2) % CONNECTIONS]}/token`)
}

const herd = (): Promise<readonly Answer[]> =>
  Promise.all(Array.from({ length: CALLS }, (_, n) => token(n)))

/** Moves the times of the kept token, as if time had passed. */
async function age(leftMs: number): Promise<void> {
  const record = parseProgramToken((await rig.db.hget(KEY, 'record')) ?? '')
  const expiresAt = Date.now() + leftMs
  const changed = { ...record, token: { ...record.token, expiresAt, mintedAt: expiresAt - 1.8e6 } }
  const version = randomBytes(12).toString('base64url')
  await rig.db
    .multi()
    .hincrby(KEY, 'revision', 1)
    .hset(KEY, 'record', JSON.stringify(changed), 'writes', version)
    .exec()
}

const tokenIds = (answers: readonly Answer[]) => new Set(answers.map(({ body }) => body.token_id))

describe('a provider with many customers and two processes', () => {
  it('makes one exchange for the first thousand calls, and gives each its customer', async () => {
    const answers = await herd()

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(tokenIds(answers).size).toBe(1)
    const tenants = answers.map(({ body }) => body.headers['x-wsm-managed-tenantid'])
    expect(tenants).toEqual(answers.map((_, n) => tenantOf(Math.floor(n / 2) % CONNECTIONS)))
    expect(ams.exchanges).toEqual([30])
    expect(ams.refusals).toEqual([])
  })

  it('makes one exchange for a thousand calls when the token has ended', async () => {
    await token(0)
    await age(-1000)
    ams.exchanges.length = 0
    ams.delayMs = 200

    const answers = await herd()

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(tokenIds(answers).size).toBe(1)
    expect(ams.exchanges).toEqual([30])
  })

  it('renews it before its end, once, and lets nobody wait', async () => {
    const before = (await token(0)).body.token_id
    await age(110_000)
    ams.exchanges.length = 0
    ams.delayMs = 300

    const answers = await herd()

    expect(answers[0]?.body.token_id).toBe(before)
    await eventually(async () => (await token(1)).body.token_id !== before)
    expect(ams.exchanges).toEqual([30])
  })

  it('goes on when the process that makes the next one dies', async () => {
    await token(0)
    const { service, call } = await rig.another()
    await age(-1000)
    ams.exchanges.length = 0
    ams.delayMs = 900
    const lost = call('POST', `/v1/connections/${ids[0]}/token`).catch(() => 'lost')
    await eventually(async () => 'lease' in JSON.parse((await rig.db.hget(KEY, 'record')) ?? '{}'))
    service.signal('SIGKILL')
    await service.ended
    ams.delayMs = 0

    await eventually(async () => (await token(1)).status === 200)

    expect(await lost).toBe('lost')
    expect(ams.exchanges.length).toBeLessThanOrEqual(2)
  })

  it('keeps nothing of the token in the clear', async () => {
    const { body } = await token(0)
    const value = String(body.headers['x-knox-apitoken'])

    const kept = (await rig.db.hget(KEY, 'record')) ?? ''

    expect(kept).toContain(String(body.token_id))
    expect(kept).not.toContain(value.slice(0, 40))
    expect(await rig.db.pttl(KEY)).toBeGreaterThan(0)
  })

  it('has a customer verified, and says of one who is not managed what to do', async () => {
    const answer = await rig.call('POST', `/v1/connections/${ids[7]}/verify`)
    const made = await rig.call('POST', '/v1/connections', {
      program: 'emm-eu',
      tenant_ref: 'tenant-x',
      managed_tenant_id: 'somebody-else',
    })
    const refused = await rig.call('POST', `/v1/connections/${made.body.id}/verify`)

    expect(answer.status).toBe(200)
    expect(ams.reads).toContain(tenantOf(7))
    expect(refused.status).toBe(409)
    expect(refused.body).toMatchObject({
      code: 'trust_missing',
      upstream: { service: 'knox', code: '4002113' },
    })
  })

  it('holds all customers at once when Samsung refuses the program, and lets them go by itself', async () => {
    samsung.clientIdentifiers.clear()
    await age(-1000)

    const refused = await token(0)
    const other = await token(3)

    for (const { status, body } of [refused, other]) {
      expect(status).toBe(502)
      expect(body).toMatchObject({ code: 'upstream_refused_client', owner: 'operator' })
    }
    const held = (await rig.call('GET', `/v1/connections/${ids[50]}`)).body
    expect(held).toMatchObject({ status: 'degraded', status_reason: 'program_held' })
    samsung.clientIdentifiers.add(NEXT)
    await eventually(async () => (await token(0)).status === 200)
    await eventually(async () => (await token(1)).status === 200)
    // Either process may answer, and each learns of it for itself.
    for (const call of calls)
      await eventually(
        async () => (await call('GET', `/v1/connections/${ids[50]}`)).body.status === 'active',
      )
  })

  it('signs with a key that was put in its place while it runs', async () => {
    const before = (await token(0)).body.token_id
    const keys = newKeysJson()
    samsung.publicKey = JSON.parse(keys).Public
    writeFileSync(`${rig.stack.env.CONFIG_DIR}/keys/sandbox.json`, keys)

    for (const service of rig.stack.services) service.signal('SIGHUP')

    const isDone = (service: ServiceProcess) => service.output().includes('"signing_key_activated"')
    // A process that finds the other's new token at hand has nothing to try its key on, until that ends.
    await eventually(async () => {
      if (rig.stack.services.every(isDone)) return true
      await age(-1000)
      for (const call of calls) await call('POST', `/v1/connections/${ids[1]}/token`)
      return false
    })
    await eventually(async () => (await token(1)).body.token_id !== before)
    const verified = await rig.call('POST', `/v1/connections/${ids[1]}/verify`)
    expect(verified.status).toBe(200)
  })
})
