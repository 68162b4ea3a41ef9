import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type AnotherService, type Rig, startRig } from '../../support/service-rig.ts'

/** The secrets of the process, which may each be a file. */
const SECRETS = ['VAULT_KEYS', 'API_KEY_PEPPER', 'ADMIN_TOKEN'] as const

let dir: string
let rig: Rig
let id: string
/** Has its secrets in files only. */
let byFile: AnotherService

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'knoxgate-secrets-'))
  rig = await startRig()
  id = await rig.connect('tenant-1')
  const files: Record<string, string> = {}
  for (const name of SECRETS) {
    files[name] = ''
    files[`${name}_FILE`] = join(dir, name)
    writeFileSync(join(dir, name), `${rig.stack.env[name]}\n`, { mode: 0o600 })
  }
  byFile = await rig.another(files)
})
afterAll(async () => {
  await rig?.close()
  rmSync(dir, { recursive: true, force: true })
})

it('takes every secret of the process from a file, and serves with it', async () => {
  const answer = await byFile.call('POST', `/v1/connections/${id}/token`)
  const admin = await fetch(`${byFile.service.adminUrl}/admin/v1/status`, {
    headers: { authorization: `Bearer ${rig.stack.adminToken}` },
  })

  expect([answer.status, admin.status]).toEqual([200, 200])
})

it('shows none of them in its command line, nor in its environment', () => {
  const of = (name: string) => readFileSync(`/proc/${byFile.service.pid}/${name}`, 'utf8')
  const seen = of('cmdline') + of('environ')

  expect(of('environ')).toContain(`VAULT_KEYS_FILE=${dir}`)
  for (const name of SECRETS) {
    const value = rig.stack.env[name] ?? ''
    expect(value.length).toBeGreaterThan(30)
    expect(seen).not.toContain(value)
  }
})
