import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createSeeder } from '../../bench/seed.ts'
import type { Call } from '../../scripts/stack/portal-client.ts'
import { documentKey } from '../../src/vault/store.ts'
import { kidOf } from '../../src/vault/stored-keys.ts'
import { eventually } from '../support/eventually.ts'
import { type Rig, startRig } from '../support/service-rig.ts'
import { startVaultCommand } from '../support/vault-command.ts'

const CONNECTIONS = 500
const NEW = `k2:${randomBytes(32).toString('base64')}`

let rig: Rig
let old: string
let ids: readonly string[]

beforeAll(async () => {
  rig = await startRig()
  const { VAULT_KEYS: vaultKeys = '', API_KEY_PEPPER: pepper = '' } = rig.stack.env
  const { programId: program, portals } = rig.stack
  old = vaultKeys
  const redisUrl = rig.redis.url
  const seeder = await createSeeder({ redisUrl, vaultKeys, pepper, program, tokenLength: 1600 })
  ids = await seeder.fill(portals[0]?.id ?? '', CONNECTIONS)
  await seeder.close()
})
afterAll(() => rig?.close())

const vault = (args: readonly string[], VAULT_KEYS: string) =>
  startVaultCommand(args, { REDIS_URL: rig.redis.url, VAULT_KEYS })

const token = (call: Call, id: string) => call('POST', `/v1/connections/${id}/token`)

async function wrappedWith(kid: string): Promise<number> {
  const asked = rig.db.pipeline()
  for (const id of ids) asked.hget(documentKey(id), 'record')
  const records = (await asked.exec()) ?? []
  return records.filter(([, text]) => kidOf(JSON.parse(String(text)).dataKey) === kid).length
}

/** Asks for tokens of all connections in turn until it is stopped. */
function startLoad(calls: readonly Call[]) {
  const statuses: number[] = []
  let isStopped = false
  let asked = 0
  async function caller(call: Call): Promise<void> {
    while (!isStopped) {
      asked += 7
      statuses.push((await token(call, ids[asked % CONNECTIONS] ?? '')).status)
      await wait(10)
    }
  }
  const ended = Promise.all(calls.map(caller))
  return {
    async stop() {
      isStopped = true
      await ended
      return statuses
    },
  }
}

it('changes the key of all connections under load, killed in the middle, and nobody notices', async () => {
  const both = { VAULT_KEYS: `${NEW},${old}` }
  const services = await Promise.all([rig.another(both), rig.another(both)])
  await rig.stack.services[0]?.stop()
  const load = startLoad([...services, ...services].map(({ call }) => call))

  const killed = vault(['rewrap', '--per-second', '300'], both.VAULT_KEYS)
  await eventually(async () => (await wrappedWith('k2')) >= 50)
  await killed.kill()
  const left = await wrappedWith('k1')
  const { code, out } = await vault(['rewrap', '--json'], both.VAULT_KEYS).ended
  const statuses = await load.stop()

  expect(left).toBeGreaterThan(0)
  expect([code, JSON.parse(out)]).toEqual([
    0,
    { active: 'k2', rewrapped: left, released: ['k1'], outdated: [], unreadable: [] },
  ])
  expect(await wrappedWith('k2')).toBe(CONNECTIONS)
  expect(statuses.length).toBeGreaterThan(100)
  expect(statuses.filter((status) => status !== 200)).toEqual([])
})

it('says then that the old key can be dropped, and it can', async () => {
  const status = await vault(['status', '--json'], `${NEW},${old}`).ended
  const verify = await vault(['verify', '--json'], NEW).ended
  const alone = await rig.another({ VAULT_KEYS: NEW })
  const tokens = await Promise.all(ids.map((id) => token(alone.call, id)))

  expect([status.code, JSON.parse(status.out)]).toMatchObject([
    0,
    {
      ring_fits: true,
      keys: [
        { kid: 'k2', active: true, connections: CONNECTIONS, safe_to_drop: false },
        { kid: 'k1', active: false, connections: 0, sessions: 0, safe_to_drop: true },
      ],
      unreadable: [],
    },
  ])
  expect([verify.code, JSON.parse(verify.out).unreadable]).toEqual([0, []])
  expect(tokens.filter((answer) => answer.status !== 200)).toEqual([])
  expect(alone.service.output()).not.toMatch(/vault_key_missing|record_unreadable|mismatch/)
})
