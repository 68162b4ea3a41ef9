import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createHttpBrowser } from '../../scripts/stack/http-browser.ts'
import { createVerifier } from '../../scripts/stack/portal-client.ts'
import { freePort } from '../../scripts/stack/service-process.ts'
import { eventually } from '../support/eventually.ts'
import { everyKey } from '../support/redis-files.ts'
import { type AnotherService, type Rig, startRig } from '../support/service-rig.ts'
import { expire, storedConnection } from '../support/stored-connection.ts'

let rig: Rig
let id: string
let right: string
let tenants = 0

const newKey = () => randomBytes(32).toString('base64')
const keyRings = (): readonly (readonly [string, string])[] => [
  ['another key of the same name', `k1:${newKey()}`],
  ['a key of another name', `k2:${newKey()}`],
  ['a new key, and another one of the old name', `k2:${newKey()},k1:${newKey()}`],
]

beforeAll(async () => {
  rig = await startRig()
  right = rig.stack.env.VAULT_KEYS ?? ''
})
afterAll(() => rig?.close())
beforeEach(async () => {
  tenants += 1
  id = await rig.connect(`tenant-${tenants}`)
  await rig.token(id)
  rig.sandbox.clearRecord()
})

async function probe({ service }: AnotherService, path: string) {
  const headers = { authorization: `Bearer ${rig.stack.adminToken}` }
  const answer = await fetch(service.adminUrl + path, { headers })
  return [answer.status, await answer.json()] as const
}

/** Of the vault: who asked for what is written down also by those who cannot open anything. */
const vaultKeys = async () =>
  (await everyKey(rig.db)).filter((key) => !/\{(?:audit|credential)/.test(key))

/** All that was stored of the connection, but for the note that somebody could not open it. */
async function kept() {
  const { record, binding } = await storedConnection(rig.db, id)
  const { updatedAt: _, bindings: __, ...connection } = record
  const { lastError: ___, ...sealed } = binding
  return { connection, sealed, keys: await vaultKeys() }
}

describe.each(keyRings())('a service with %s', (_, VAULT_KEYS) => {
  it('runs, says that it is not ready and why, and leaves all as it is', async () => {
    await expire(rig.db, id)
    const before = await kept()
    const wrong = await rig.another({ VAULT_KEYS })

    expect((await fetch(`${wrong.service.url}/livez`)).status).toBe(200)
    expect((await fetch(`${wrong.service.url}/readyz`)).status).toBe(503)
    expect(await probe(wrong, '/readyz?verbose')).toMatchObject([
      503,
      { status: 'not_ready', store: { answers: true }, key_ring: { opens: false } },
    ])
    for (const [method, path] of [
      ['POST', `/v1/connections/${id}/token`],
      ['POST', `/v1/connections/${id}/verify`],
      ['GET', `/v1/connections/${id}`],
    ] as const) {
      const { status, body } = await wrong.call(method, path)
      const told = { code: 'record_unreadable', owner: 'operator', retryable: false }
      expect([path, status, body]).toMatchObject([path, 503, told])
    }
    expect(wrong.service.output()).toContain('"event":"key_ring_mismatch"')
    expect(await wrong.service.stop()).toBe(0)
    expect(await kept()).toEqual(before)
    expect(rig.sandbox.record().requests).toEqual([])
    expect((await rig.token(id)).status).toBe(200)
    expect((await rig.call('GET', `/v1/connections/${id}`)).body.status).toBe('active')
  })
})

it('does not take a consent that nobody could open later, and leaves it to be taken', async () => {
  const port = await freePort()
  const PUBLIC_URL = `http://localhost:${port}`
  const own = { PUBLIC_URL, PORT: String(port) }
  const uris = [`${PUBLIC_URL}/callback/emm-eu`, ...rig.sandbox.state.settings.redirectUris]
  rig.sandbox.control({ redirectUris: uris })
  const wrong = await rig.another({ ...own, VAULT_KEYS: `k1:${newKey()}` })
  const { verifier, challenge } = createVerifier()
  const returnUrl = rig.stack.portals[0]?.returnUrl ?? ''
  const { body: session } = await wrong.call('POST', '/v1/connect-sessions', {
    program: rig.stack.programId,
    tenant_ref: 'taken later',
    return_url: returnUrl,
    code_challenge: challenge,
  })
  const browser = createHttpBrowser()
  const confirm = await browser.open(session.connect_url)
  const signIn = await browser.follow(
    await browser.press(confirm, { name: 'action', value: 'continue' }),
  )
  const refused = await browser.press(signIn, { name: 'allow', value: 'ben' })
  await wrong.service.stop()

  const mended = await rig.another(own)
  const landed = await browser.open(refused.url, (url) => url.startsWith(returnUrl))
  const made = await mended.call('POST', `/v1/connect-sessions/${session.id}/complete`, {
    result_code: new URL(landed.url).searchParams.get('result_code'),
    code_verifier: verifier,
  })

  expect(refused.status).toBe(503)
  expect(refused.html).toContain('Please try again in a moment')
  expect([made.status, made.body.status]).toEqual([200, 'active'])
  expect((await rig.token(made.body.id)).status).toBe(200)
})

it('opens with an old key what it was sealed with, while new connections get the new one', async () => {
  const rotated = await rig.another({ VAULT_KEYS: `k2:${newKey()},${right}` })

  expect(await probe(rotated, '/readyz?verbose')).toMatchObject([
    200,
    { status: 'ready', key_ring: { opens: true, active: 'k2', kids: ['k2', 'k1'] } },
  ])
  await expire(rig.db, id)
  expect((await rotated.call('POST', `/v1/connections/${id}/token`)).status).toBe(200)
  expect((await rig.token(id)).status).toBe(200)
})

it('says at the start that a key is missing, serves what it can, names the rest once, and heals with the key', async () => {
  const ring = `k3:${newKey()}`
  const rotated = await rig.another({ VAULT_KEYS: `${ring},${right}` })
  const { body: opens } = await rotated.call('POST', `/v1/connections/${id}/token`)
  await rotated.service.stop()

  const lacking = await rig.another({ VAULT_KEYS: ring })
  const refused = async () => {
    const { status, body } = await lacking.call('POST', `/v1/connections/${id}/token`)
    return [status, body.code]
  }

  expect(opens.token_id).toEqual(expect.any(String))
  expect(await probe(lacking, '/readyz?verbose')).toMatchObject([
    200,
    { status: 'ready', key_ring: { active: 'k3', missing: expect.arrayContaining(['k1']) } },
  ])
  expect(lacking.service.output()).toMatch(/"kids":\["k1".*"event":"vault_key_missing"/)
  expect([await refused(), await refused()]).toEqual(Array(2).fill([503, 'record_unreadable']))
  const named = () =>
    lacking.service
      .output()
      .split('\n')
      .filter((line) => line.includes('"event":"record_unreadable"') && line.includes(id))
  // The sweep, which meets all of them, comes by as well.
  const all = (await everyKey(rig.db)).filter((key) => key.startsWith('kg:{conn_'))
  await eventually(async () => (await unreadableRecords(lacking)) === all.length)
  await eventually(() => named().length > 0)
  expect(named()).toHaveLength(1)

  const healed = await rig.another({ VAULT_KEYS: `${ring},${right}` })
  expect((await healed.call('POST', `/v1/connections/${id}/token`)).body).toEqual(opens)
  expect(healed.service.output()).not.toContain('record_unreadable')
})

async function unreadableRecords({ service }: AnotherService): Promise<number> {
  const headers = { authorization: `Bearer ${rig.stack.adminToken}` }
  const text = await (await fetch(`${service.adminUrl}/metrics`, { headers })).text()
  return Number(/^knoxgate_unreadable_records (\d+)$/m.exec(text)?.[1])
}
