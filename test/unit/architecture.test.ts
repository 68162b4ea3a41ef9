import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { findViolations, type Rules, type SourceFile } from '../support/architecture.ts'

const SRC = join(import.meta.dirname, '../../src')

/** Where the process meets the world: the only places that read it and end it. */
const ENTRIES = ['main.ts', 'serve.ts', 'cli/main.ts', 'sandbox/main.ts']

const RULES: Rules = {
  folders: {
    shared: [],
    http: [],
    outbound: [],
    signing: [],
    config: ['signing/'],
    'samsung-account': ['outbound/', 'type config/config.ts'],
    knox: ['outbound/', 'signing/', 'type config/config.ts'],
    // What a token request and a Knox call can end with; never how either is made.
    vault: [
      'samsung-account/tokens.ts',
      'knox/kind.ts',
      'breaker/breaker.ts',
      'type audit/audit.ts',
    ],
    // Over a connection of its own.
    audit: ['vault/redis-errors.ts', 'vault/store-redis-link.ts'],
    // It stands on the store, and probes with real attempts.
    breaker: ['vault/'],
    // What callers may do. It stands around the other parts, and knows of them what it counts.
    limits: [
      'type audit/audit.ts',
      'audit/tally.ts',
      'type http/client-address.ts',
      'knox/kind.ts',
      'type vault/mint-record.ts',
      'type vault/minter.ts',
    ],
    // Who may call, and what is frozen: documents that every process holds.
    access: [
      'type audit/audit.ts',
      'vault/',
      'portal/api-key.ts',
      'http/json-keys.ts',
      'signing/public-jwk.ts',
      'config/scopes.ts',
      'type config/config.ts',
    ],
    // A document per use of a key.
    idempotency: ['vault/'],
    // What a running program signs and identifies itself with. Replicas agree by way of the store.
    programs: [
      'type audit/audit.ts',
      'vault/',
      'knox/failure.ts',
      'knox/kind.ts',
      'type knox/credentials.ts',
      'signing/signing-key.ts',
      'type signing/key-pair.ts',
      'type breaker/probe-attempts.ts',
    ],
    consent: [
      'type audit/audit.ts',
      'access/freezes.ts',
      'vault/',
      'http/',
      'samsung-account/tokens.ts',
      'type samsung-account/callback.ts',
      'type config/config.ts',
    ],
    portal: [
      'type audit/audit.ts',
      'access/freezes.ts',
      'type access/assertion.ts',
      'type access/assertion-ids.ts',
      'type access/assertion-prover.ts',
      'type access/credential-record.ts',
      'type access/known-keys.ts',
      'idempotency/',
      'limits/api-limits.ts',
      'type limits/load.ts',
      'type limits/refusals.ts',
      'type limits/strangers.ts',
      'vault/',
      'http/',
      'consent/',
      'knox/kind.ts',
      'type breaker/breaker.ts',
      'type config/config.ts',
    ],
    // Passes calls on: behind the door, over a way out of its own.
    proxy: [
      'type access/credential-record.ts',
      'type audit/audit.ts',
      'config/products.ts',
      'type config/config.ts',
      'http/',
      'knox/failure.ts',
      'knox/kind.ts',
      'outbound/',
      'portal/remedied.ts',
      'vault/',
    ],
    admin: [
      'type audit/audit.ts',
      'access/freezes.ts',
      'type access/kill-switches.ts',
      'type access/portal-key-view.ts',
      'type access/portal-keys.ts',
      'config/scopes.ts',
      'idempotency/idempotency-key.ts',
      'limits/limiter.ts',
      'limits/refusals.ts',
      'proxy/call.ts',
      'proxy/report.ts',
      'vault/',
      'http/',
      'breaker/breaker.ts',
      'type breaker/alarm-report.ts',
      'type programs/client-identifiers.ts',
      'type programs/signing-keys.ts',
      'signing/public-jwk.ts',
    ],
    cli: ['config/', 'signing/public-jwk.ts', 'portal/api-key.ts', 'vault/', 'audit/'],
  },
  closedToRoot: ['sandbox', 'cli'],
  islands: ['sandbox'],
  packages: {
    express: [
      'app.ts',
      'http/',
      '*/routes.ts',
      'portal/*-routes.ts',
      'admin/*-routes.ts',
      'type portal/answer-once.ts',
      'sandbox/',
      'type compose-*.ts',
      'type portal/admit.ts',
      'type limits/handlers.ts',
      'type admin/gate.ts',
      'type consent/requests.ts',
      'type consent/answers.ts',
    ],
    'openid-client': ['samsung-account/client.ts'],
    jose: ['access/assertion-signature.ts', 'signing/', 'sandbox/'],
    ioredis: ['vault/store-redis*.ts'],
    undici: ['outbound/'],
    helmet: ['http/security.ts'],
    pino: ['shared/log.ts'],
    'prom-client': ['admin/'],
    eta: ['http/pages.ts'],
    'rate-limiter-flexible': ['limits/limiter.ts'],
    commander: ['cli/'],
    uuid: ['signing/'],
    zod: [
      'config/',
      'http/',
      'portal/wire.ts',
      'admin/wire.ts',
      'access/credential-record.ts',
      'access/freeze-record.ts',
      'access/key-uses.ts',
      'portal/openapi-requests.ts',
      'consent/session-record.ts',
      'idempotency/record.ts',
      'vault/record.ts',
      'vault/program-token-record.ts',
      'breaker/breaker-record.ts',
      'programs/promotions.ts',
    ],
  },
  globals: {
    process: ENTRIES,
    console: ENTRIES,
    'Date.now': ENTRIES,
    'Math.random': [],
  },
  maxLines: 200,
}

const sources: readonly SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({
    path: path.replaceAll(sep, '/'),
    text: readFileSync(join(SRC, path), 'utf8'),
  }))

it('is kept by every source file', () => {
  expect(sources.length).toBeGreaterThan(100)
  expect(findViolations(sources, RULES)).toEqual([])
})

it('has a rule for every folder, and a folder for every rule', () => {
  const folders = readdirSync(SRC, { withFileTypes: true }).filter((one) => one.isDirectory())

  const ruled = [...Object.keys(RULES.folders), ...RULES.islands]
  expect(folders.map(({ name }) => name).sort()).toEqual(ruled.sort())
})

it('has no permission that nobody uses', () => {
  const unused = Object.entries(RULES.folders).flatMap(([folder, places]) =>
    places.flatMap((place) => {
      const without = places.filter((other) => other !== place)
      const folders = { ...RULES.folders, [folder]: without }
      return findViolations(sources, { ...RULES, folders }).length > 0
        ? []
        : [`${folder}: ${place}`]
    }),
  )
  const unusedPackages = Object.entries(RULES.packages).flatMap(([name, places]) =>
    findViolations(sources, { ...RULES, packages: { ...RULES.packages, [name]: [] } }).length > 0
      ? []
      : [`${name}: ${places}`],
  )

  expect([...unused, ...unusedPackages]).toEqual([])
})

describe('a planted violation', () => {
  const judge = (path: string, text: string) => findViolations([{ path, text }], RULES)

  it.each([
    ['vault/planted.ts', "import { a } from '../portal/wire.ts'", 'portal/wire.ts'],
    ['vault/planted.ts', "import type { A } from '../portal/wire.ts'", 'portal/wire.ts'],
    ['vault/planted.ts', "export { a } from '../consent/sessions.ts'", 'consent/sessions.ts'],
    ['vault/planted.ts', "export * from '../consent/sessions.ts'", 'consent/sessions.ts'],
    ['vault/planted.ts', "import '../http/pages.ts'", 'http/pages.ts'],
    ['vault/planted.ts', "const a = await import('../http/pages.ts')", 'http/pages.ts'],
    ['vault/planted.ts', "type A = import('../http/pages.ts').Pages", 'http/pages.ts'],
    ['vault/planted.ts', 'const a = await import(name)', 'a computed name'],
    ['vault/deep/planted.ts', "import { a } from '../../http/pages.ts'", 'http/pages.ts'],
    ['vault/planted.ts', "import { b } from '../knox/wire.ts'", 'knox/wire.ts'],
    ['knox/planted.ts', "import { a } from '../config/config.ts'", 'config/config.ts'],
    ['knox/planted.ts', "import { type A, b } from '../config/config.ts'", 'config/config.ts'],
    ['shared/planted.ts', "import { a } from '../config/config.ts'", 'config/config.ts'],
    ['vault/planted.ts', "import { a } from '../compose.ts'", 'compose.ts'],
    ['vault/planted.ts', "import { a } from '../sandbox/keys.ts'", 'sandbox/keys.ts'],
    ['sandbox/planted.ts', "import { a } from '../shared/time.ts'", 'shared/time.ts'],
    ['sandbox/planted.ts', "import { a } from '../app.ts'", 'app.ts'],
    ['planted.ts', "import { a } from './sandbox/keys.ts'", 'sandbox/keys.ts'],
    ['vault/planted.ts', "import { Redis } from 'ioredis'", 'ioredis'],
    ['vault/planted.ts', "import type { Redis } from 'ioredis'", 'ioredis'],
    ['portal/planted.ts', "import { Router } from 'express'", 'express'],
    ['portal/admit.ts', "import { Router } from 'express'", 'express'],
    ['consent/planted.ts', "import { z } from 'zod'", 'zod'],
    ['portal/planted.ts', "import z from 'zod/v4'", 'zod/v4'],
    ['portal/planted.ts', "import axios from 'axios'", 'axios'],
    ['portal/planted.ts', "const fs = require('fs')", 'fs'],
  ])('in %s: %s', (path, text, target) => {
    expect(judge(path, text)).toEqual([`${path} imports ${target}`])
  })

  it.each([
    ['const a = process.env.A', 'process'],
    ["const a = process['env']", 'process'],
    ['process.exit(1)', 'process'],
    ['console.log(1)', 'console'],
    ['const now = Date.now()', 'Date.now'],
    ["const now = Date['now']()", 'Date.now'],
    ['const clock = Date.now', 'Date.now'],
    ['const a = Math.random()', 'Math.random'],
  ])('%s', (text, name) => {
    expect(judge('vault/planted.ts', text)).toEqual([`vault/planted.ts uses ${name}`])
  })

  it('of 201 lines', () => {
    const lines = (count: number) => judge('vault/planted.ts', '// a line\n'.repeat(count))

    expect(lines(200)).toEqual([])
    expect(lines(201)).toEqual(['vault/planted.ts has 201 lines'])
  })
})

it.each([
  ['vault/fine.ts', "import { a } from './store.ts'\nimport { b } from '../shared/time.ts'"],
  ['vault/fine.ts', "import { createHash } from 'node:crypto'"],
  ['knox/fine.ts', "import type { Program } from '../config/config.ts'"],
  ['knox/fine.ts', "import { type Program } from '../config/config.ts'"],
  ['portal/admit.ts', "import type { Request } from 'express'"],
  ['vault/store-redis-new.ts', "import { Redis } from 'ioredis'"],
  ['main.ts', 'process.exit(Date.now())'],
  ['vault/fine.ts', "// console.log(process.env)\nconst text = 'console.log Date.now()'"],
  ['vault/fine.ts', 'const a = { console: 1 }.console'],
  ['vault/fine.ts', 'const a = /import "x" from "ioredis"/'],
])('finds nothing in %s: %s', (path, text) => {
  expect(findViolations([{ path, text }], RULES)).toEqual([])
})
