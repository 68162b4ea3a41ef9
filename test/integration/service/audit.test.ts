import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect, consent } from '../../../scripts/stack/portal-client.ts'
import { AUDIT_KEY } from '../../../src/audit/sink-redis.ts'
import { runCli } from '../../../src/cli/cli.ts'
import { eventually } from '../../support/eventually.ts'
import { LEAST_RULES } from '../../support/redis-access.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { expire } from '../../support/stored-connection.ts'

const LOGIN = 'svc:least'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

type Line = Readonly<Record<string, unknown>>

let rig: Rig
let id: string
let dir: string

/** Runs the command as an operator would. */
async function cli(...args: readonly string[]) {
  const printed = { out: '', err: '' }
  const REDIS_URL = rig.redis.url.replace('//', `//${LOGIN}@`)
  const code = await runCli(args, '1.2.3', {
    env: { REDIS_URL },
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
    clock: Date.now,
  })
  return { code, ...printed }
}

const linesOf = (text: string): readonly Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

const exported = async (...args: readonly string[]) =>
  linesOf((await cli('audit', 'export', ...args)).out)

const asAda = (tenantRef: string) => ({
  call: rig.call,
  program: rig.stack.programId,
  tenantRef,
  returnUrl: rig.stack.portals[0]?.returnUrl ?? '',
})

/** Everything once, and some of it more often. */
async function walk(): Promise<void> {
  const { url, services } = rig.stack
  id = await rig.connect('tenant-1')
  for (let n = 0; n < 5; n++) await rig.token(id)
  await rig.call('POST', `/v1/connections/${id}/verify`)
  await expire(rig.db, id)
  await rig.token(id)
  for (const authorization of ['Bearer nobody', 'Bearer kg_a_b', 'Basic x'])
    await fetch(`${url}/v1/connections`, { headers: { authorization } })
  await fetch(`${services[0]?.adminUrl}/metrics`)
  await fetch(`${url}/connect/cs_${'0'.repeat(32)}`)
  await consent({ ...asAda('tenant-2'), administrator: 'ben', decision: 'deny' })
  rig.sandbox.addFault({
    on: 'token',
    do: { kind: 'status', status: 400, body: { error: 'invalid_grant' } },
  })
  await connect(asAda('tenant-3'))
  await fetch(`${url}/v1/connections/${id}`, {
    method: 'DELETE',
    headers: {
      authorization: `Bearer ${rig.stack.apiKey()}`,
      traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
    },
  })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'knoxgate-audit-'))
  rig = await startRig({
    redisArgs: ['--user', 'svc', 'on', '>least', ...LEAST_RULES.split(' ')],
    redisLogin: LOGIN,
  })
  await walk()
})
afterAll(async () => {
  await rig?.close()
  await rm(dir, { recursive: true, force: true })
})
const events = (lines: readonly Line[]) => lines.map(({ event, outcome }) => [event, outcome])
const SESSION = ['session_created', 'consent_started', 'consent_given'].map((name) => [name, 'ok'])

it('everything that happened is there once, in order, with who did it and what about', async () => {
  await eventually(async () =>
    (await exported()).some(({ event }) => event === 'connection_deleted'),
  )
  const lines = await exported()

  expect(events(lines)).toEqual([
    ['process_started', 'ok'],
    ...SESSION,
    ['session_completed', 'ok'],
    ['token_minted', 'ok'],
    ['token_handed_out', 'ok'],
    ['connection_verified', 'ok'],
    ['refresh_ended', 'success'],
    ['token_minted', 'ok'],
    ['token_handed_out', 'ok'],
    ['authentication_failed', 'invalid_api_key'],
    ['authentication_failed', 'invalid_api_key'],
    ['browser_refused', 'not_found'],
    ...SESSION.slice(0, 2),
    ['consent_denied', 'access_denied'],
    ...SESSION,
    ['session_failed', 'code_expired'],
    ['connection_deleted', 'ok'],
  ])
  const [portal, program] = [rig.stack.portals[0]?.id, rig.stack.programId]
  const key = rig.stack.apiKey().split('_')[1]
  expect(lines[0]).toMatchObject({ actor: 'process', version: '0.1.0', config: expect.any(String) })
  expect(lines[2]).toMatchObject({ actor: 'customer', portal, program })
  expect(lines[2]?.session).toMatch(/^cs_[0-9a-z]{12}$/)
  expect(lines[5]).toEqual({
    v: 1,
    id: expect.stringMatching(/^\d+-\d+$/),
    process: lines[0]?.process,
    seq: 6,
    prev: lines[4]?.hash,
    hash: expect.stringMatching(/^[\w-]{43}$/),
    time: expect.stringMatching(/^20\d\d-.+Z$/),
    event: 'token_minted',
    outcome: 'ok',
    actor: 'portal',
    portal,
    key,
    program,
    connection: id,
    token: expect.stringMatching(/^[\w-]{16}$/),
    trace: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  expect(lines[6]).toMatchObject({ token: lines[5]?.token, trace: lines[5]?.trace, key })
  expect(lines.at(-1)).toMatchObject({ actor: 'portal', connection: id, trace: TRACE })
})

it('an export can be narrowed to a connection, a portal and a time', async () => {
  const about = await exported('--connection', id)
  const whole = await exported()
  const time = String(whole[9]?.time)

  expect(about).toEqual(whole.filter(({ connection }) => connection === id))
  expect(about.length).toBeGreaterThan(5)
  expect((await exported('--portal', 'acme-console')).length).toBe(
    whole.filter(({ portal }) => portal !== undefined).length,
  )
  const [before, after] = [await exported('--until', time), await exported('--since', time)]
  expect(before.length + after.length).toBeGreaterThanOrEqual(whole.length)
  expect([before.length, after.length].every((one) => one < whole.length)).toBe(true)
  expect(await cli('audit', 'export', '--since', 'yesterday')).toMatchObject({ code: 64, out: '' })
})

describe('the chain', () => {
  it('is whole, in Redis and as a file', async () => {
    const file = join(dir, 'export.jsonl')
    await writeFile(file, (await cli('audit', 'export')).out)

    const inRedis = await cli('audit', 'verify', '--complete')
    const inFile = await cli('audit', 'verify', '--complete', '--file', file)

    expect(inRedis).toMatchObject({ code: 0, err: 'processes: 1, entries: 22, no fault\n' })
    expect(inFile).toEqual(inRedis)
    expect(linesOf(inRedis.out)).toMatchObject([{ sequence: 22, first: 1, ended: false }])
  })

  it('whose export has one altered entry is found, and the entry named', async () => {
    const file = join(dir, 'altered.jsonl')
    const { out } = await cli('audit', 'export')
    await writeFile(file, out.replace('"outcome":"code_expired"', '"outcome":"ok"'))

    const { code, err } = await cli('audit', 'verify', '--file', file)

    expect(code).toBe(1)
    expect(err).toMatch(/^altered: entry 21 of process [\w-]{16} \(line 21\)\n/)
  })

  it('that lost an entry in Redis is found, and the entry named; cut off, by a checkpoint', async () => {
    const ids = (await exported()).map((line) => String(line.id))
    const [log, kept] = [join(dir, 'service.log'), join(dir, 'kept.jsonl')]
    await writeFile(log, rig.stack.services[0]?.output() ?? '')
    await writeFile(kept, (await cli('audit', 'verify')).out)
    await rig.db.xdel(AUDIT_KEY, ids.at(-1) ?? '')

    const cut = await cli('audit', 'verify', '--checkpoints', log)
    const seen = await cli('audit', 'verify', '--checkpoints', kept)
    await rig.db.xdel(AUDIT_KEY, ids[9] ?? '')
    const removed = await cli('audit', 'verify')

    expect(cut.code).toBe(0)
    expect([seen.code, seen.err]).toEqual([1, expect.stringMatching(/^missing: entry 22 of /)])
    expect([removed.code, removed.err]).toEqual([
      1,
      expect.stringMatching(/^missing: entry 10 of process [\w-]{16} \(\d+-\d+\)\n/),
    ])
  })
})

describe('where the trail cannot be written', () => {
  it('no token is made, tokens at hand go on, and all is well again afterwards', async () => {
    const [held, other] = [await rig.connect('tenant-4'), await rig.connect('tenant-5', 'ben')]
    const kept = await rig.token(held)
    const exchanges = () => rig.sandbox.record().requests.filter(({ on }) => on === 'ams').length
    await rig.db.call('ACL', 'SETUSER', 'svc', '-xadd')
    const before = exchanges()

    const refused = [await rig.token(other), await rig.token(other), await rig.token(other)]

    for (const { status, headers, body } of refused) {
      expect([status, body.code, body.owner]).toEqual([503, 'audit_unavailable', 'operator'])
      expect(headers.get('retry-after')).toBe('1')
    }
    // The first was made and thrown away: nobody knew by then.
    expect(exchanges() - before).toBeLessThanOrEqual(1)
    expect((await rig.token(held)).body).toEqual(kept.body)
    const connection = await rig.call('GET', `/v1/connections/${other}`)
    expect(connection.body).toMatchObject({ status: 'active' })
    expect(connection.body.last_error).toBeUndefined()
    await rig.db.call('ACL', 'SETUSER', 'svc', '+xadd')
    await eventually(async () => (await rig.token(other)).status === 200)
    const log = rig.stack.services[0]?.output() ?? ''
    expect(log).toContain('"event":"audit_not_written"')
    expect(log).toContain('"event":"audit_restored"')
  })
})

it('the end of a process is its last entry, behind what it had counted', async () => {
  const [service] = rig.stack.services
  expect(await service?.stop()).toBe(0)

  const lines = await exported()

  const counted = lines.filter(({ count }) => count !== undefined)
  expect(lines.at(-1)).toMatchObject({ event: 'process_stopped', actor: 'process' })
  expect(counted).toContainEqual(
    expect.objectContaining({ event: 'token_handed_out', count: 4, actor: 'portal' }),
  )
  expect(counted).toContainEqual(
    expect.objectContaining({ event: 'authentication_failed', count: 2, actor: 'anonymous' }),
  )
})
