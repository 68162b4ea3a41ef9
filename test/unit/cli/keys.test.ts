import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCli } from '../../../src/cli/cli.ts'
import { parseKeysJson } from '../../../src/signing/keys-json.ts'
import { KEYS_JSON, newKeysJson } from '../config/valid-config.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'knoxgate-keys-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function file(text: string, mode = 0o640): string {
  const path = join(dir, 'keys.json')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

async function check(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const printed = { out: '', err: '' }
  const code = await runCli(['keys', 'check', ...args], '1.2.3', {
    env,
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

describe('keys check', () => {
  it('prints the thumbprint and the size, and nothing of the key', async () => {
    const { thumbprint } = parseKeysJson(KEYS_JSON, { allowLegacyRsa: false })

    const { code, out, err } = await check([file(KEYS_JSON)])

    expect([code, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toEqual({ thumbprint, modulus_bits: 2048 })
  })

  it.each([
    ['{"Public": "', 0o640, 'the file must be JSON'],
    [newKeysJson(1024), 0o640, 'at least 2048 bits'],
    [KEYS_JSON, 0o644, 'chmod 640'],
  ])('exits with 1 and the rule for what SIGHUP would not take', async (text, mode, rule) => {
    const { code, out, err } = await check([file(text, mode)])

    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(rule)
  })

  it('exits with 1 where there is no file, and with 64 where none is named', async () => {
    expect(await check([join(dir, 'nowhere.json')])).toMatchObject({ code: 1, out: '' })
    expect(await check([])).toMatchObject({ code: 64, out: '' })
  })

  it('takes a short key where the program may have one', async () => {
    const { code, out } = await check(['--allow-legacy-rsa', file(newKeysJson(1024))])

    expect([code, JSON.parse(out).modulus_bits]).toEqual([0, 1024])
  })

  it('does not look at permissions in development', async () => {
    const { code } = await check([file(KEYS_JSON, 0o644)], { KNOXGATE_MODE: 'development' })

    expect(code).toBe(0)
  })
})
