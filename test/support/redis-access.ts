import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { makeCertificate } from './certificates.ts'
import type { Cleanup } from './cleanup.ts'
import type { RedisAccess } from './redis-server.ts'

function readRules(): string {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const [, rules] = /^ACL SETUSER \w+ on >PASSWORD (.+)$/m.exec(guide) ?? []
  const [, inCluster] = /^In a cluster add `(.+)`\.$/m.exec(guide) ?? []
  if (rules === undefined || inCluster === undefined) throw new Error('the guide names no user')
  return `${rules} ${inCluster}`
}

/** Rules of the user that the operations guide tells operators to make, for every topology. */
export const LEAST_RULES = readRules()

/** An access over TLS and by the least user, and what a service must be told to trust it. */
export interface GuardedAccess {
  readonly access: RedisAccess
  /** For the environment of a service. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Makes a certificate for the loopback and a user with the least rights. This process trusts the
 * certificate until the clean-up.
 */
export async function guardedAccess(cleanup: Cleanup): Promise<GuardedAccess> {
  const dir = await mkdtemp(join(tmpdir(), 'knoxgate-access-'))
  cleanup.add(() => rm(dir, { recursive: true, force: true }))
  const { key, cert } = makeCertificate(['127.0.0.1'], Date.now())
  const [certFile, keyFile] = [join(dir, 'redis.crt'), join(dir, 'redis.key')]
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key, { mode: 0o600 })])
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, cert])
  cleanup.add(() => setDefaultCACertificates(trusted))
  const login = { user: 'knoxgate', password: 'least-password', rules: LEAST_RULES }
  return { access: { tls: { certFile, keyFile }, login }, env: { NODE_EXTRA_CA_CERTS: certFile } }
}
