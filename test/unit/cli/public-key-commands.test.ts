import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { runCli } from '../../../src/cli/cli.ts'
import { ENV } from '../config/valid-config.ts'
import { serve } from '../http/serve.ts'
import { createRealApp, type RealApp } from '../portal/support/real-app.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = ec.publicKey.export({ format: 'jwk' })

let real: RealApp
let dir: string
let url: string

beforeEach(async () => {
  real = await createRealApp()
  url = (await serve(real.admin)).url
  dir = mkdtempSync(join(tmpdir(), 'knoxgate-keys-'))
  const files = {
    'ec.jwk.json': JSON.stringify(jwk),
    'ec.pem': ec.publicKey.export({ type: 'spki', format: 'pem' }),
    'rsa.pem': rsa.publicKey.export({ type: 'spki', format: 'pem' }),
    'ps.jwk.json': JSON.stringify({ ...rsa.publicKey.export({ format: 'jwk' }), alg: 'PS256' }),
    'private.pem': ec.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'sec1.pem': ec.privateKey.export({ type: 'sec1', format: 'pem' }),
    'both.pem': `${ec.publicKey.export({ type: 'spki', format: 'pem' })}${ec.privateKey.export({ type: 'pkcs8', format: 'pem' })}`,
    'private.jwk.json': JSON.stringify(ec.privateKey.export({ format: 'jwk' })),
    'broken.pem': '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
    'text.json': 'no JSON',
    'number.json': '7',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
})

afterEach(async () => {
  await real.close()
  rmSync(dir, { recursive: true, force: true })
})

async function run(name: string, file: string, ...more: readonly string[]) {
  const printed = { out: '', err: '' }
  const args = ['portal-key', name, '--portal', 'acme-console', '--public-key', join(dir, file)]
  const code = await runCli([...args, ...more], '1', {
    env: { KNOXGATE_ADMIN_URL: url, ADMIN_TOKEN: ENV.ADMIN_TOKEN },
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
    clock: () => 0,
  })
  return { code, ...printed, json: code === 0 ? JSON.parse(printed.out) : null }
}

describe('portal-key with --public-key', () => {
  it.each([
    ['ec.jwk.json', [], { ...jwk, alg: 'ES256' }],
    ['ec.pem', [], { ...jwk, alg: 'ES256' }],
    ['ec.pem', ['--alg', 'ES256'], { alg: 'ES256' }],
    ['rsa.pem', ['--alg', 'RS512'], { kty: 'RSA', alg: 'RS512' }],
    ['ps.jwk.json', [], { kty: 'RSA', alg: 'PS256' }],
    ['ps.jwk.json', ['--alg', 'PS256'], { kty: 'RSA', alg: 'PS256' }],
  ])('registers a key out of a file: %s %j', async (file, more, expected) => {
    const { json } = await run('create', file, ...more, '--scopes', 'tokens')

    expect(json.api_key).toBeUndefined()
    expect(json.key).toMatchObject({ type: 'assertion', scopes: ['tokens'], public_key: expected })
  })

  it('replaces a key by another pair', async () => {
    const { json: made } = await run('create', 'ec.pem')
    const { json: next } = await run('rotate', 'ps.jwk.json', '--key', made.key.id)

    expect(next.key).toMatchObject({ replaces: made.key.id, public_key: { alg: 'PS256' } })
  })

  it.each([
    ['private.pem', [], 'is a private key, which must stay with the portal'],
    ['sec1.pem', [], 'is a private key, which must stay with the portal'],
    ['both.pem', [], 'is a private key, which must stay with the portal'],
    ['private.jwk.json', [], 'holds a private or secret key, which must stay with the portal'],
    ['rsa.pem', [], 'must have alg RS256 or'],
    ['rsa.pem', ['--alg', 'HS256'], 'must have alg RS256 or'],
    ['ec.pem', ['--alg', 'RS256'], 'must have alg ES256'],
    ['ps.jwk.json', ['--alg', 'RS256'], 'names another algorithm than --alg'],
    ['broken.pem', [], 'must be a public key in PEM (SPKI), or a JSON Web Key'],
    ['text.json', [], 'must be a public key in PEM (SPKI), or a JSON Web Key'],
    ['number.json', [], 'must be a public key in PEM (SPKI), or a JSON Web Key'],
    ['none.json', [], 'names a file that cannot be read'],
  ])('refuses %s %j before anything is sent', async (file, more, rule) => {
    const { code, out, err } = await run('create', file, ...more)

    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(`error: --public-key ${rule}`)
    expect(err).not.toContain(ec.privateKey.export({ format: 'jwk' }).d ?? '')
  })

  it('has no use for --alg without it', async () => {
    const printed: string[] = []
    const args = ['portal-key', 'create', '--portal', 'acme-console', '--alg', 'ES256']
    const code = await runCli(args, '1', {
      env: { KNOXGATE_ADMIN_URL: url, ADMIN_TOKEN: ENV.ADMIN_TOKEN },
      out: () => {},
      err: (text) => void printed.push(text),
      clock: () => 0,
    })

    expect([code, printed]).toEqual([64, ['error: --alg is of no use without --public-key\n']])
  })
})
