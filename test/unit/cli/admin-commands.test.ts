import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { runCli } from '../../../src/cli/cli.ts'
import { ENV } from '../config/valid-config.ts'
import { serve } from '../http/serve.ts'
import { ADMIN_READ_TOKEN, createRealApp, type RealApp } from '../portal/support/real-app.ts'

let real: RealApp
let env: Record<string, string>

beforeEach(async () => {
  real = await createRealApp()
  const { url } = await serve(real.admin)
  env = { KNOXGATE_ADMIN_URL: url, ADMIN_TOKEN: ENV.ADMIN_TOKEN }
})

afterEach(() => real.close())

/** Runs a command line; quoted parts are one argument. */
async function run(line: string, more: Readonly<Record<string, string>> = {}) {
  const printed = { out: '', err: '' }
  const parts = line.match(/'[^']*'|\S+/g) ?? []
  const args = parts.map((part) => part.replaceAll("'", ''))
  const code = await runCli(args, '1', {
    env: { ...env, ...more },
    out(text) {
      printed.out += text
    },
    err(text) {
      printed.err += text
    },
    clock: () => 0,
  })
  return { code, ...printed, json: code === 0 ? JSON.parse(printed.out) : null }
}

const PORTAL = '--portal acme-console'

describe('portal-key', () => {
  it('makes, lists, rotates, expires and revokes keys of a running service', async () => {
    const options =
      "--scopes tokens,proxy --name 'Nightly report' --cidrs 192.0.2.0/24 --expires-in 90d"
    const made = (await run(`portal-key create ${PORTAL} ${options}`)).json
    expect(made.api_key).toMatch(/^kg_[a-z2-7]{10}_[A-Za-z0-9_-]{43}$/)
    expect(made.key).toMatchObject({
      name: 'Nightly report',
      scopes: ['tokens', 'proxy'],
      cidrs: ['192.0.2.0/24'],
    })
    const key = `--key ${made.key.id}`
    const next = (await run(`portal-key rotate ${PORTAL} ${key} --overlap 1h`)).json
    expect(next.key.replaces).toBe(made.key.id)
    const ended = (await run(`portal-key expire ${PORTAL} ${key} --after 0`)).json
    expect(ended.status).toBe('expired')
    expect((await run(`portal-key revoke ${PORTAL} ${key}`)).json).toEqual({ revoked: made.key.id })
    const { data } = (await run(`portal-key list ${PORTAL}`)).json
    const ids = data.map(({ id }: { id: string }) => id)
    expect([ids.length, ids.at(-1)]).toEqual([2, next.key.id])
  })

  it('says what was refused, in the words of the service, and exits with 1', async () => {
    const wrong = await run('portal-key list --portal nobody')
    const lacking = await run(`portal-key create ${PORTAL}`, { ADMIN_TOKEN: ADMIN_READ_TOKEN })
    const unknown = await run(`portal-key list ${PORTAL}`, {
      ADMIN_TOKEN: `${'A'.repeat(16)}${'b'.repeat(16)}`,
    })

    expect(wrong).toMatchObject({
      code: 1,
      out: '',
      err: 'error: 404 not_found: no such resource\n',
    })
    expect(lacking.err).toBe('error: 403 insufficient_scope: the call needs role operate\n')
    expect(unknown.err).toMatch(/^error: 401 invalid_api_key: /)
  })

  it.each([
    [`create ${PORTAL} --scopes admin`, '--scopes must be a list of'],
    [`create ${PORTAL} --expires-in soon`, '--expires-in must be a duration'],
    [`rotate ${PORTAL} --key a --overlap 1500ms`, '--overlap must be a duration in whole seconds'],
    ['create --portal A_B', '--portal must be 1 to 63 of'],
    [`revoke ${PORTAL} --key ../x`, '--key must be 1 to 63 of'],
    [`revoke ${PORTAL}`, "required option '--key <id>'"],
  ])('exits with 64 for "%s"', async (line, message) => {
    const { code, out, err } = await run(`portal-key ${line}`)

    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(err).toContain(message)
  })

  it('exits with 78 without a token, or with an address that is none', async () => {
    const { code, err } = await run(`portal-key list ${PORTAL}`, {
      ADMIN_TOKEN: '',
      KNOXGATE_ADMIN_URL: 'localhost:9090',
    })

    expect(code).toBe(78)
    expect(err).toContain('ADMIN_TOKEN: is not set')
    expect(err).toContain('KNOXGATE_ADMIN_URL: must be the origin of an admin listener')
  })

  it('says when nobody answers', async () => {
    const { code, err } = await run('freezes', { KNOXGATE_ADMIN_URL: 'http://127.0.0.1:1' })

    expect([code, err]).toEqual([
      1,
      'error: no answer from the admin listener at http://127.0.0.1:1\n',
    ])
  })
})

describe('freeze', () => {
  it('freezes, lists and unfreezes', async () => {
    const frozen = await run("freeze portal acme-console --reason 'Incident 4711'")
    expect(frozen.json).toMatchObject({ target: 'portal', id: 'acme-console', by: 'operate' })
    await run('freeze everything --reason drill')

    expect((await run('freezes')).json.data).toHaveLength(2)
    expect((await run('unfreeze everything')).json).toEqual({ unfrozen: { target: 'everything' } })
    expect((await run('unfreeze everything')).err).toMatch(/^error: 404 not_found/)
    expect((await run('freezes')).json.data).toEqual([frozen.json])
  })

  it.each([
    ['freeze portal --reason x', 'portal needs an id'],
    ['freeze everything acme --reason x', 'everything has no id'],
    ['freeze everything', "required option '--reason <text>'"],
    ['freeze keys a --reason x', 'Allowed choices are connection, portal, program, everything'],
  ])('exits with 64 for "%s"', async (line, message) => {
    const { code, err } = await run(line)

    expect(code).toBe(64)
    expect(err).toContain(message)
  })
})
