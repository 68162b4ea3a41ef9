import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startSandbox } from './support/sandbox.ts'

const MAIN = resolve('src/sandbox/main.ts')

let dir = ''
const children: ChildProcess[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sandbox-program-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(dir, { recursive: true })
})

function run(env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [MAIN], {
    cwd: dir,
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  return child
}

/** Runs the program until it has said everything. */
async function startProgram(env: Record<string, string> = {}) {
  const child = run({ SANDBOX_PORT: '0', ...env })
  let text = ''
  for await (const piece of child.stdout ?? []) {
    text += String(piece)
    if (text.includes('-X DELETE') && text.endsWith('__record\n\n')) break
  }
  return { child, text }
}

async function failure(env: Record<string, string>): Promise<{ code: number; message: string }> {
  const child = run(env)
  let message = ''
  child.stderr?.on('data', (piece: Buffer) => {
    message += piece.toString()
  })
  const [code] = await once(child, 'close')
  return { code, message }
}

const jsonAfter = (text: string, title: string): unknown[] => {
  const rest = text.slice(text.indexOf(title))
  return JSON.parse(rest.slice(rest.indexOf('\n['), rest.indexOf('\n]') + 2))
}

describe('npm run sandbox', () => {
  it('prints what to put into config/programs.json', async () => {
    const { text } = await startProgram()

    const url = /Open (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1]
    expect(jsonAfter(text, '1. config/programs.json')).toEqual([
      {
        id: 'sandbox',
        kind: 'samsung-account',
        region: 'eu',
        client_identifier: { env: 'SANDBOX_CLIENT_IDENTIFIER' },
        keys: { file: expect.stringMatching(/\/\.knoxgate\/sandbox\/keys\.json$/) },
        samsung_account: {
          authorize_url: `${url}/accounts/v1/SANDBOX/signInGate`,
          token_url: `${url}/auth/oauth2/token`,
          client_id: expect.stringMatching(/^sb[0-9a-f]{8}$/),
          client_secret: { env: 'SANDBOX_CLIENT_SECRET' },
          response_type: 'CODE',
          partner_id: '1234567890',
        },
        knox: {
          base_url: url,
          access_token_path: '/ams/v1/users/customer/accesstokenOAuth2',
          idp_token_claim: 'idpAccessToken',
          validity_minutes: 30,
        },
      },
    ])
  })

  it('fits what it prints to the first redirect URI', async () => {
    const { text } = await startProgram({
      SANDBOX_REDIRECT_URIS: 'https://gate.example:9443/callback/emm-eu, https://b.example/x',
    })

    expect(jsonAfter(text, '1. config/programs.json')).toMatchObject([{ id: 'emm-eu' }])
    expect(jsonAfter(text, '2. config/portals.json')).toMatchObject([{ programs: ['emm-eu'] }])
    expect(text).toContain('export PUBLIC_URL=https://gate.example:9443 PORT=9443')
    expect(text).toContain('\nhttps://b.example/x\n')
  })

  it('says nothing of further kinds unless it is asked to', async () => {
    const { text } = await startProgram()

    expect(text).not.toMatch(
      /knox-(msp|customer|oauth2)|SANDBOX_(MSP|OAUTH)|accesstoken\s|managedTenants/,
    )
  })

  it('prints programs of the further kinds that it is asked for', async () => {
    const { text } = await startProgram({ SANDBOX_KINDS: 'knox-customer, knox-msp' })

    const url = /Open (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1]
    const [first, ...further] = jsonAfter(text, '1. config/programs.json')
    const knox = {
      base_url: url,
      access_token_path: '/ams/v1/users/accesstoken',
      validity_minutes: 30,
    }
    const common = { region: 'eu', keys: expect.anything(), knox }
    expect(first).toMatchObject({ id: 'sandbox', kind: 'samsung-account' })
    expect(further).toEqual([
      {
        id: 'sandbox-msp',
        kind: 'knox-msp',
        client_identifier: { env: 'SANDBOX_MSP_CLIENT_IDENTIFIER' },
        ...common,
      },
      {
        id: 'sandbox-customer',
        kind: 'knox-customer',
        client_identifier: { env: 'SANDBOX_CUSTOMER_CLIENT_IDENTIFIER' },
        ...common,
      },
    ])
    expect(jsonAfter(text, '2. config/portals.json')).toMatchObject([
      { programs: ['sandbox', 'sandbox-msp', 'sandbox-customer'] },
    ])
    expect(text).toMatch(/^export SANDBOX_MSP_CLIENT_IDENTIFIER=[\w-]+\.[\w-]+\.[\w-]+$/m)
    expect(text).toMatch(/^export SANDBOX_CUSTOMER_CLIENT_IDENTIFIER=[\w-]+\.[\w-]+\.[\w-]+$/m)
  })

  it('prints the apps of Knox OAuth 2.0, and registers where they are sent back to', async () => {
    const { text } = await startProgram({ SANDBOX_KINDS: 'knox-oauth2' })

    const url = /Open (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1]
    const [, portal, msp, customer] = jsonAfter(text, '1. config/programs.json')
    expect(portal).toEqual({
      id: 'sandbox-oauth2',
      kind: 'knox-oauth2',
      region: 'eu',
      oauth: {
        authorize_url: `${url}/ams/v1/oauth2/authorize`,
        token_url: `${url}/ams/v1/oauth2/token`,
        revoke_url: `${url}/ams/v1/oauth2/revoke`,
        client_id: expect.stringMatching(/^kx[0-9a-f]{16}$/),
        client_secret: { env: 'SANDBOX_OAUTH_PORTAL_SECRET' },
        scope: 'kme openid',
        grant: 'authorization_code',
      },
      knox: { base_url: url },
    })
    for (const entry of [msp, customer]) {
      expect(entry).toMatchObject({ oauth: { grant: 'client_credentials' } })
      expect(entry).not.toHaveProperty('oauth.authorize_url')
    }
    expect(text).toContain('\nhttp://localhost:8080/callback/sandbox-oauth2\n')
    expect(text.match(/^export SANDBOX_OAUTH_(PORTAL|MSP|CUSTOMER)_SECRET=\S+$/gm)).toHaveLength(3)
  })

  it('names the two administrators and one command per control', async () => {
    const { text } = await startProgram({ SANDBOX_KINDS: 'knox-msp' })
    const sandbox = await startSandbox()

    expect(text).toContain('Ada Lindqvist, ada@fernhill.example, Fernhill Logistics')
    expect(text).toContain('Ben Okafor, ben@marlow.example, Marlow Retail')
    const bodies = [...text.matchAll(/__control .* -d '(.*)'/g)].map(([, body = '']) => body)
    for (const body of bodies) expect(() => sandbox.control(JSON.parse(body))).not.toThrow()
    for (const name of Object.keys(sandbox.state.settings)) {
      expect(bodies.some((body) => body.includes(`"${name}"`))).toBe(true)
    }
  })

  it('keeps its keys for the next start, for its owner only', async () => {
    const first = await startProgram()
    first.child.kill('SIGTERM')
    await once(first.child, 'exit')
    const file = join(dir, '.knoxgate/sandbox/keys.json')
    const kept = await readFile(file, 'utf8')
    const { mode } = await stat(file)

    const second = await startProgram()

    const secret = (text: string) => /CLIENT_SECRET=(\S+)/.exec(text)?.[1]
    expect(mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toBe(kept)
    expect(secret(second.text)).toBe(secret(first.text))
  })

  it.each(['', '{', '{}', 'null', '{"Public":"AAAA","Private":"x","Identifier":"y"}'])(
    'does not start with %j for keys, and says what to do',
    async (text) => {
      await mkdir(join(dir, '.knoxgate/sandbox'), { recursive: true })
      await writeFile(join(dir, '.knoxgate/sandbox/keys.json'), text)

      const { code, message } = await failure({ SANDBOX_PORT: '0' })

      expect(code).toBe(1)
      expect(message).toMatch(/keys\.json cannot be read \(.+\); delete it to get a new one\n$/)
    },
  )

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s', async (signal) => {
    const { child } = await startProgram()

    child.kill(signal)

    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('says so when its port is in use', async () => {
    const sandbox = await startSandbox()

    const { code, message } = await failure({ SANDBOX_PORT: new URL(sandbox.localUrl).port })

    expect(code).toBe(1)
    expect(message).toBe(
      'sandbox: the port is in use; stop the other program, or choose another with SANDBOX_PORT\n',
    )
  })

  it.each([
    [{ NODE_ENV: 'production' }, 'NODE_ENV is production'],
    [{ KNOXGATE_MODE: 'strict' }, 'KNOXGATE_MODE must be development or unset'],
    [{ SANDBOX_PORT: '65536' }, 'SANDBOX_PORT must be'],
    [{ SANDBOX_PORT: '80a' }, 'SANDBOX_PORT must be'],
    [{ SANDBOX_REDIRECT_URIS: 'gate.example' }, 'SANDBOX_REDIRECT_URIS must be'],
    [{ SANDBOX_REDIRECT_URIS: 'https://a.example/#x' }, 'SANDBOX_REDIRECT_URIS must be'],
    [{ SANDBOX_KINDS: 'samsung-account' }, 'SANDBOX_KINDS must be'],
    [{ SANDBOX_KINDS: 'knox-msp,knox-msp' }, 'SANDBOX_KINDS must be'],
  ])('does not start with %j', async (env, words) => {
    const { code, message } = await failure({ SANDBOX_PORT: '0', ...env })

    expect(code).toBe(1)
    expect(message).toContain(words)
  })

  it.each([{ KNOXGATE_MODE: 'development' }, { KNOXGATE_MODE: '' }])(
    'starts with %j',
    async (env) => {
      const { text } = await startProgram(env)

      expect(text).toContain('not Samsung')
    },
  )
})
