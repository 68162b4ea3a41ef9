import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Answer } from '../../scripts/stack/portal-client.ts'
import { generateKeysFile, type KeysFile } from '../../src/sandbox/keys.ts'
import { auditTrail } from '../support/audit-trail.ts'
import { eventually } from '../support/eventually.ts'
import { type Rig, type RigOptions, startRig } from '../support/service-rig.ts'
import { age } from '../support/stored-connection.ts'

/** The operator has a new keys.json, and sends SIGHUP. */
let rig: Rig
afterEach(() => rig?.close())

/** Permissions of key files are looked at in strict mode only; everything else here is loopback. */
const STRICT = {
  KNOXGATE_MODE: 'strict',
  KNOXGATE_STORE_REQUIRE_DURABLE: 'false',
}

async function start(options: RigOptions = {}): Promise<string> {
  rig = await startRig({ ...options, env: { ...STRICT, ...options.env } })
  return rig.connect('tenant-1')
}

const keysPath = () => join(rig.stack.env.CONFIG_DIR ?? '', 'keys', 'sandbox.json')
/** Replaces the file as tools do that mount secrets: the new one takes the place of the old at once. */
function place(text: string, mode = 0o600): void {
  const path = `${keysPath()}.new`
  writeFileSync(path, text)
  chmodSync(path, mode)
  renameSync(path, keysPath())
}
const placeKeys = (keys: KeysFile, mode?: number) => place(JSON.stringify(keys), mode)
/** Samsung knows these keys, and no other. */
const registered = (...keys: readonly KeysFile[]) =>
  rig.sandbox.control({ publicKeys: keys.map((one) => one.Public) })

const hangUp = (replica = 0) => rig.stack.services[replica]?.signal('SIGHUP')
const events = (name: string) =>
  rig.stack.services.flatMap((service) =>
    service
      .output()
      .split('\n')
      .filter((line) => line.includes(`"event":"${name}"`))
      .map((line) => JSON.parse(line)),
  )
const told = (name: string, times = 1) => eventually(() => events(name).length === times)
const exchanges = () => rig.sandbox.record().requests.filter(({ on }) => on === 'ams')
const keyOf = async (replica = 0) => (await report(replica)).keys[0]
const admin = async (replica: number, path: string) => {
  const { adminUrl } = rig.stack.services[replica] ?? {}
  const authorization = `Bearer ${rig.stack.adminToken}`
  return fetch(`${adminUrl}${path}`, { headers: { authorization } })
}
/** What the audit trail says of key pairs that were read again. */
async function audited() {
  await eventually(async () => (await ofKeys()).length > 0)
  return (await ofKeys()).map(({ outcome, subject }) => [outcome, subject])
}
const ofKeys = async () =>
  (await auditTrail(rig.db)).filter(({ event }) => event === 'signing_key_reloaded')

interface KeyView {
  readonly thumbprint: string
  readonly loaded_at: string
  readonly pending: { readonly thumbprint: string } | null
  readonly rejected: { readonly outcome: string } | null
}
interface Report {
  readonly keys: readonly [KeyView]
  readonly warnings: readonly string[]
}
const report = async (replica = 0) =>
  (await (await admin(replica, '/admin/v1/status')).json()) as Report
const metrics = async () => (await admin(0, '/metrics')).text()

/** One exchange after the other of one connection, until ended. */
function keepAsking(id: string) {
  const answers: Answer[] = []
  let isOver = false
  const asking = (async () => {
    while (!isOver) {
      await age(rig.db, id, { knoxToken: { leftMs: -1 } })
      answers.push(await rig.token(id))
    }
  })()
  return {
    more: (count: number) => {
      const before = answers.length
      return eventually(() => answers.length >= before + count)
    },
    async end() {
      isOver = true
      await asking
      return [...new Set(answers.map(({ status }) => status))]
    },
  }
}

describe('a new key pair that Samsung accepts', () => {
  it('signs after one exchange has shown it, and no request fails meanwhile', async () => {
    const id = await start()
    const load = keepAsking(id)
    const old = await keyOf()
    const next = await generateKeysFile()
    await load.more(5)
    registered(rig.sandbox.registration.knox.keys, next)
    placeKeys(next)
    await load.more(5)
    hangUp()
    await told('signing_key_activated')
    registered(next)
    await load.more(10)

    expect(await load.end()).toEqual([200])
    const shown = await keyOf()
    expect(shown).toEqual({
      program: 'emm-eu',
      thumbprint: events('signing_key_activated')[0].fingerprint,
      modulus_bits: 2048,
      loaded_at: expect.any(String),
      pending: null,
      rejected: null,
    })
    expect(shown.thumbprint).not.toBe(old.thumbprint)
    expect(Date.parse(shown.loaded_at)).toBeGreaterThan(Date.parse(old.loaded_at))
    expect(await metrics()).toContain(
      'knoxgate_signing_key_reloads_total{program="emm-eu",outcome="activated"} 1',
    )
    expect((await report()).warnings.filter((line) => line.includes('key pair'))).toEqual([])
    expect(await audited()).toEqual([['ok', shown.thumbprint]])
  })

  it('is tried by a connection that nobody asks for, without a call', async () => {
    const id = await start()
    await rig.token(id)
    const next = await generateKeysFile()
    rig.sandbox.clearRecord()
    placeKeys(next)
    registered(next)

    hangUp()

    await told('signing_key_activated')
    expect(exchanges().map(({ outcome }) => outcome)).toEqual(['accepted'])
    const answer = await rig.token(id)
    const used = await rig.call('POST', `/v1/connections/${id}/verify`)
    expect([answer.status, used.status]).toEqual([200, 200])
    expect(exchanges()).toHaveLength(1)
  })

  it('waits for the first exchange when there is no connection yet', async () => {
    rig = await startRig({ env: STRICT })
    const next = await generateKeysFile()
    placeKeys(next)
    registered(next)
    hangUp()
    await told('signing_key_waits')

    const before = await keyOf()
    expect(before.pending?.thumbprint).toBe(events('signing_key_waits')[0].fingerprint)
    expect((await report()).warnings).toContainEqual(
      expect.stringContaining('waits for its first exchange'),
    )
    expect(await metrics()).toContain('knoxgate_signing_key_pending{program="emm-eu"} 1')
    const id = await rig.connect('tenant-1')
    const answer = await rig.token(id)

    expect([answer.status, exchanges().length]).toEqual([200, 1])
    const after = await keyOf()
    expect([after.thumbprint, after.pending]).toEqual([before.pending?.thumbprint, null])
  })

  it('ends an alarm that the old key has raised', async () => {
    const id = await start({
      env: { KNOXGATE_BREAKER_THRESHOLD: '1', KNOXGATE_BREAKER_PROBE_INTERVAL: '500ms' },
    })
    const next = await generateKeysFile()
    registered(next)
    expect((await rig.token(id)).status).toBe(502)
    await told('operator_alarm')

    placeKeys(next)
    hangUp()

    await eventually(async () => (await rig.token(id)).status === 200)
    expect(events('signing_key_activated')).toHaveLength(1)
    expect(events('operator_alarm_over')).toHaveLength(1)
  })

  it('is each replica’s own: one that was not told goes on with the old one', async () => {
    const id = await start({ replicas: 2 })
    const next = await generateKeysFile()
    const old = await keyOf(0)
    registered(rig.sandbox.registration.knox.keys, next)
    placeKeys(next)

    hangUp(1)
    await told('signing_key_activated')

    expect((await keyOf(0)).thumbprint).toBe(old.thumbprint)
    expect((await keyOf(1)).thumbprint).not.toBe(old.thumbprint)
    for (const call of rig.calls) {
      await age(rig.db, id, { knoxToken: { leftMs: -1 } })
      expect((await call('POST', `/v1/connections/${id}/token`)).status).toBe(200)
    }
    expect(exchanges().filter(({ outcome }) => outcome === 'refused')).toEqual([])
    hangUp(0)
    await told('signing_key_activated', 2)
    expect((await keyOf(0)).thumbprint).toBe((await keyOf(1)).thumbprint)
  })
})

describe('a new key pair that is not taken', () => {
  it('is dropped when Samsung refuses it, and nobody notices', async () => {
    const id = await start()
    const old = await keyOf()
    const load = keepAsking(id)
    await load.more(5)
    placeKeys(await generateKeysFile())

    hangUp()
    await told('signing_key_refused')
    await load.more(10)

    expect(await load.end()).toEqual([200])
    expect(await keyOf()).toEqual({
      ...old,
      rejected: { at: expect.any(String), outcome: 'refused', reason: '4012250' },
    })
    expect(exchanges().filter(({ outcome }) => outcome === 'refused')).toHaveLength(1)
    expect(await audited()).toEqual([['refused', events('signing_key_refused')[0].fingerprint]])
    expect(events('operator_alarm')).toEqual([])
    expect((await report()).warnings).toContainEqual(
      'the newest key pair of program emm-eu is not used (refused: 4012250); the one before it signs',
    )
    expect(await metrics()).toContain('knoxgate_signing_key_rejected{program="emm-eu"} 1')
  })

  it.each([
    ['is broken', () => '{ "Public": "', 0o600, 'the file must be JSON'],
    ['is empty', () => '', 0o600, 'names an empty file'],
    ['is readable for everybody', keysText, 0o604, expect.stringContaining('chmod 640')],
    ['may be written by its group', keysText, 0o660, expect.stringContaining('chmod 640')],
    [
      'has halves that do not belong together',
      async () =>
        JSON.stringify({
          ...(await generateKeysFile()),
          Public: (await generateKeysFile()).Public,
        }),
      0o600,
      'Public must be the public half of Private',
    ],
  ])('changes nothing when the file %s', async (_, text, mode, reason) => {
    const id = await start()
    const old = await keyOf()
    rig.sandbox.clearRecord()
    place(await text(), mode)

    hangUp()
    await told('signing_key_unusable')

    expect(events('signing_key_unusable')[0]).toMatchObject({ programId: 'emm-eu', reason })
    expect(exchanges()).toEqual([])
    expect(await keyOf()).toEqual({
      ...old,
      rejected: { at: expect.any(String), outcome: 'unusable', reason },
    })
    expect(await audited()).toEqual([['unusable', undefined]])
    expect((await rig.token(id)).status).toBe(200)
    placeKeys(rig.sandbox.registration.knox.keys)
    hangUp()
    await eventually(async () => (await keyOf()).rejected === null)
  })
})

it('asks Samsung nothing when the file has not changed, however often it is read', async () => {
  await start()
  const old = await keyOf()
  rig.sandbox.clearRecord()

  for (let n = 0; n < 5; n++) hangUp()
  await eventually(() => events('signing_key_read').length > 0)
  hangUp()
  await told('signing_keys_reloading', events('signing_key_read').length)

  expect(new Set(events('signing_key_read').map(({ outcome }) => outcome))).toEqual(
    new Set(['unchanged']),
  )
  expect(exchanges()).toEqual([])
  expect(await keyOf()).toEqual(old)
})

async function keysText(): Promise<string> {
  return JSON.stringify(await generateKeysFile())
}
