import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  ASSERTION_FAULTS,
  MAX_ASSERTION_CHARS,
  MAX_LIFETIME_S,
} from '../../src/access/assertion.ts'
import { createAssertionProver } from '../../src/access/assertion-prover.ts'
import { newKeyBody } from '../../src/admin/wire.ts'
import { readPublicKeyFile } from '../../src/cli/public-key-file.ts'
import { ASSERTION_ALGORITHMS } from '../../src/signing/public-jwk.ts'
import { portalOf } from './access/support/book.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const section = read('docs/api.md').split('\n## Signing calls\n')[1]?.split('\n## ')[0] ?? ''
const blockOf = (language: string) =>
  new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(section)?.[1] ?? ''

let dir: string

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'knoxgate-docs-'))
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Does what the page says, with the network taken away: what would have been sent, twice. */
function followThePage(): readonly string[] {
  execFileSync('sh', ['-ec', blockOf('sh')], { cwd: dir, stdio: 'pipe' })
  const tell =
    'globalThis.fetch = async (url, { headers }) => console.log(url, headers.authorization)'
  const lines = `${blockOf('js')}\nvoid answer\nconsole.log('again', 'Bearer', await assertion())\n`
  writeFileSync(join(dir, 'tell.mjs'), `${tell}\n`)
  writeFileSync(join(dir, 'call.mjs'), `import './tell.mjs'\n${lines}`)
  const output = execFileSync(process.execPath, ['call.mjs'], { cwd: dir, encoding: 'utf8' })
  return output.trim().split('\n')
}

describe('what docs/api.md says of signing calls', () => {
  it('can be followed word by word: the pair, the registration, and two calls', async () => {
    const [first = '', second = ''] = followThePage()
    const publicKey = readPublicKeyFile(join(dir, 'portal-key.pub.pem'), undefined)
    const id = /kid: '([^']+)'/.exec(blockOf('js'))?.[1] ?? ''
    const portal = portalOf('acme-console')
    const keys = [{ portal, id, hash: 'h'.repeat(43), scopes: [], publicKey }]
    const audience = 'https://connect.example.com'
    const { prove } = createAssertionProver({ audience, clock: Date.now })
    const proofs = [first, second].map((line) => prove(line.split(' ')[2] ?? '', keys))
    const [one, other] = await Promise.all(proofs)

    expect(first).toMatch(/^https:\/\/connect\.example\.com\/v1\/connections Bearer /)
    expect(one).toMatchObject({ key: { id }, claims: { iss: 'acme-console' } })
    expect(other).toMatchObject({ key: { id } })
    expect(one).not.toEqual(other)
  })

  it('names the limits as they are', () => {
    expect(MAX_LIFETIME_S).toBe(5 * 60)
    expect(section).toContain('at most five minutes apart')
    expect(section).toContain(`${MAX_ASSERTION_CHARS.toLocaleString('en-US')} characters`)
    const ranges = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS512', 'PS256', 'PS512']
    for (const name of ranges) expect(section).toContain(`\`${name}\``)
    expect(Object.keys(ASSERTION_ALGORITHMS)).toEqual(expect.arrayContaining(ranges))
  })
})

it('docs/operations.md has a row for every reason, and for no other', () => {
  const rows = [...read('docs/operations.md').matchAll(/^\| ((?:`assertion_\w+`(?:, )?)+) \|/gm)]
  const named = rows.flatMap(([, names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].flatMap(([, name = '']) => name),
  )

  expect(named).toEqual([...ASSERTION_FAULTS])
})

it('docs/admin-api.md shows a registration that is taken', () => {
  const part = read('docs/admin-api.md').split('\n### A key that the portal makes\n')[1] ?? ''
  const body: unknown = JSON.parse(/^```json\n([\s\S]*?)^```/m.exec(part)?.[1] ?? '')

  expect(newKeyBody.parse(body)).toMatchObject({ publicKey: { kty: 'EC', alg: 'ES256' } })
})
