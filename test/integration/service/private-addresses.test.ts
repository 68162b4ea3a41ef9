import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type AnotherService, type Rig, startRig } from '../../support/service-rig.ts'
import { expire } from '../../support/stored-connection.ts'

const STRICT = { KNOXGATE_MODE: 'strict' }

let rig: Rig
let id: string
/** On the same store, in strict mode, with hosts of Samsung where nobody serves the public. */
let strict: AnotherService
let config: string
const PRIVATE_HOST = '10.20.30.40'

beforeAll(async () => {
  rig = await startRig({ redisArgs: ['--appendonly', 'yes'] })
  id = await rig.connect('tenant-1')
  config = await mkdtemp(join(tmpdir(), 'knoxgate-private-'))
  await cp(String(rig.stack.env.CONFIG_DIR), config, { recursive: true })
  const programs = join(config, 'programs.json')
  const text = await readFile(programs, 'utf8')
  await writeFile(programs, text.replaceAll(rig.sandbox.url, `https://${PRIVATE_HOST}`))
  strict = await rig.another({ ...STRICT, ADMIN_PORT: '0', CONFIG_DIR: config })
})
afterAll(async () => {
  await rig?.close()
  await rm(config, { recursive: true, force: true })
})

const tokenOf = ({ call }: AnotherService) => call('POST', `/v1/connections/${id}/token`)
const eventsOf = ({ service }: AnotherService): readonly Readonly<Record<string, unknown>>[] =>
  service
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

it('sends nothing to a private address in strict mode, and says which host has it', async () => {
  rig.sandbox.clearRecord()

  const answer = await tokenOf(strict)

  expect(answer.status).toBe(502)
  expect(answer.body.code).toBe('upstream_unreachable')
  expect(rig.sandbox.record().requests).toEqual([])
  const host = PRIVATE_HOST
  const refusals = eventsOf(strict).filter(({ event }) => event === 'upstream_address_refused')
  expect(refusals).toMatchObject([{ level: 'error', host }])
  expect(JSON.stringify(answer.body)).not.toContain(host)
})

it('shows it to the operator while it stays ready', async () => {
  const report = await fetch(`${strict.service.adminUrl}/readyz?verbose`, {
    headers: { authorization: `Bearer ${rig.stack.adminToken}` },
  })

  expect(report.status).toBe(200)
  expect(await report.json()).toMatchObject({
    warnings: expect.arrayContaining([expect.stringContaining(`${PRIVATE_HOST} is not called`)]),
  })
})

it('spends no refresh token, so that the right setting is all it takes', async () => {
  await expire(rig.db, id)
  rig.sandbox.clearRecord()

  const refused = await tokenOf(strict)
  expect([refused.status, refused.body.code]).toEqual([502, 'upstream_unreachable'])
  expect(rig.sandbox.record().requests).toEqual([])
  const ended = eventsOf(strict).filter(({ event }) => event === 'refresh_ended')
  expect(ended.map(({ outcome }) => outcome)).toEqual(['not_sent'])

  // Strict as well: what is written as this machine may be called there.
  const right = await rig.another({ ...STRICT, ADMIN_PORT: '0' })
  expect((await tokenOf(right)).status).toBe(200)
  expect(rig.grants('refresh_token')).toBe(1)
  expect(eventsOf(right).some(({ event }) => event === 'upstream_address_refused')).toBe(false)
})
