import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type KnoxOperation, knoxRefusal } from '../../src/knox/failure.ts'
import type { KnoxFailureKind } from '../../src/knox/kind.ts'
import { type Grant, judgeRefusal } from '../../src/samsung-account/failure.ts'
import { readRefusal } from '../../src/samsung-account/refusal.ts'

/*
 * The tables of Samsung's answers in docs/kinds.md, row by row: every code is sent as Samsung would, and
 * judged by the code.
 */

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const section = read('docs/kinds.md').split("### What Samsung's answers mean")[1]?.split('\n## ')[0]
const rows = [...(section ?? '').matchAll(/^\| (.+) \|$/gm)].map(([, cells = '']) =>
  cells.split(' | '),
)
const wordOf = (cell = '') => /^`?[\w.-]+`?/.exec(cell)?.[0].replaceAll('`', '') ?? ''
const namesOf = (cell = '') => [...cell.matchAll(/`([\w…]+)`/g)].map(([, name = '']) => name)

const answer = (status: number, body: unknown) => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: new Map<string, string>(),
  requestedAt: 0,
  receivedAt: 0,
})

describe('an answer of the token endpoint', () => {
  const judge = (grant: Grant, body: object): string => {
    const { upstream: _, ...words } = readRefusal(answer(400, body))
    return judgeRefusal({ grant, status: 400, ...words }).kind
  }
  const known = rows.flatMap(([cell, , code, refresh]) =>
    namesOf(cell)
      .filter((name) => /^(AUT_\d{4}|[a-z]+_[a-z_]+)$/.test(name))
      .map((name) => [name, wordOf(code), wordOf(refresh)] as const),
  )

  it.each(known)('%s means what is documented: %s for a code, %s for a refresh token', (...row) => {
    const [name, code, refresh] = row
    const body = name.startsWith('AUT_') ? { error_code: name } : { error: name }

    expect([judge('authorization_code', body), judge('refresh_token', body)]).toEqual([
      code,
      refresh,
    ])
  })

  it('is documented for every word that the code knows', () => {
    const source = read('src/samsung-account/failure.ts')
    const [table = ''] =
      /const BY_CODE[\s\S]*?\n}\n[\s\S]*?const BY_ERROR[\s\S]*?\n}\n/.exec(source) ?? []
    const names = [...table.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) => name)

    expect(names.length).toBeGreaterThan(20)
    expect(known.map(([name]) => name).sort()).toEqual(names.sort())
  })
})

describe('an answer of Knox', () => {
  const WORDS: Readonly<Record<KnoxFailureKind, Readonly<Record<KnoxOperation, string>>>> = {
    idp_token: { mint: 'renew', verify: 'operator' },
    knox_token: { mint: 'a', verify: 'a' },
    operator: { mint: 'operator', verify: 'operator' },
    trust: { mint: 'customer', verify: 'customer' },
    transient: { mint: 'transient', verify: 'transient' },
    unknown: { mint: 'upstream_refused', verify: 'upstream_refused' },
  }
  const trustCodes = ['40300000', '4030100']
  const judge = (operation: KnoxOperation, code: string): string => {
    const { kind } = knoxRefusal(operation, answer(400, { code }), trustCodes)
    return WORDS[kind][operation]
  }
  const known = rows.flatMap(([cell, says, mint, verify]) => {
    const names = namesOf(cell).filter((name) => /^\d{6,8}…?$/.test(name))
    // `403225…` stands for the codes that are named beside it.
    const codes = names.flatMap((name) => (name.endsWith('…') ? namesOf(says) : [name]))
    const seen = wordOf(verify) === 'as' ? 'a' : wordOf(verify)
    return codes.map((code) => [code, wordOf(mint), seen, names] as const)
  })

  it.each(known)('%s means what is documented: %s when asking, %s when using', (...row) => {
    const [code, mint, verify] = row
    // A used `jti` is answered with a new one where that is known to help: in the exchange itself.
    const asking = code === '4002250' ? 'upstream_refused' : mint

    expect([judge('mint', code), judge('verify', code)]).toEqual([asking, verify])
  })

  it('is documented for every code that the code knows', () => {
    const source = read('src/knox/failure.ts')
    const codes = [...source.matchAll(/'(\d{6,8}\*?)'/g)].map(([, code = '']) =>
      code.replace('*', '…'),
    )

    const documented = new Set(known.flatMap(([, , , names]) => names))
    expect(codes.length).toBeGreaterThan(9)
    expect([...documented].filter((name) => !trustCodes.includes(name)).sort()).toEqual(
      [...new Set(codes)].sort(),
    )
  })
})
