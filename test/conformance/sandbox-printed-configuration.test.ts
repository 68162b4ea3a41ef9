import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { readConfig } from '../../src/config/read-config.ts'
import { expectedBy, portalEntry, programEntry } from '../../src/sandbox/setup/config-entries.ts'
import { environmentLines } from '../../src/sandbox/setup/shell-lines.ts'
import { keys, startSandbox } from '../unit/sandbox/support/sandbox.ts'

const dir = await mkdtemp(join(tmpdir(), 'sandbox-configuration-'))
afterAll(() => rm(dir, { recursive: true }))

/** Reads `export A=1 B=2` lines as a shell would, with a fixed value for what it would generate. */
function variablesOf(lines: readonly string[]): Record<string, string> {
  const random = Buffer.alloc(32, 7).toString('base64')
  const assignments = lines
    .map((line) => line.replace(/^export /, '').replace(/"\$\(.*\)"$/, random))
    .flatMap((line) => line.split(' '))
    .map((assignment) => /^(\w+)=(.*)$/.exec(assignment)?.slice(1) ?? [])
  return Object.fromEntries(assignments)
}

describe('what the sandbox prints', () => {
  it('is a configuration that knoxgate starts with', async () => {
    const sandbox = await startSandbox()
    const expected = expectedBy('http://localhost:8080/callback/sandbox')
    const keysPath = join(dir, 'keys.json')
    const write = (name: string, value: unknown) =>
      writeFile(join(dir, name), JSON.stringify(value), { mode: 0o600 })
    await write('keys.json', keys)
    await write('programs.json', [programEntry(sandbox, expected.programId, keysPath)])
    await write('portals.json', [portalEntry(expected.programId)])

    const config = readConfig({
      ...variablesOf(environmentLines(sandbox, expected)),
      CONFIG_DIR: dir,
    })

    expect(config).toMatchObject({
      mode: 'development',
      publicUrl: 'http://localhost:8080',
      programs: [{ id: 'sandbox', keys: { publicKeySpki: keys.Public } }],
      portals: [{ id: 'sandbox-portal', programs: ['sandbox'] }],
    })
  })
})
