import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type Issued,
} from '../../support/certificate-authority.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'

const cleanup = createCleanup()
const usual = getCACertificates('default')
/** The one that this process is told of, and one that it is not. */
let known: CertificateAuthority
let foreign: CertificateAuthority

beforeAll(() => {
  known = createCertificateAuthority('known')
  foreign = createCertificateAuthority('foreign')
  setDefaultCACertificates([...usual, known.cert])
})
afterAll(() => {
  setDefaultCACertificates(usual)
  known.remove()
  foreign.remove()
})
afterEach(cleanup.run)

/** Redis over TLS only, with this certificate. */
async function redisWith({ key, cert }: Issued): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'knoxgate-redis-tls-'))
  cleanup.add(() => rm(dir, { recursive: true, force: true }))
  const [certFile, keyFile] = [join(dir, 'redis.crt'), join(dir, 'redis.key')]
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key, { mode: 0o600 })])
  const server = await startRedis({ access: { tls: { certFile, keyFile } } })
  cleanup.add(server.stop)
  return server
}

/** How opening the store ends: `opened`, or the reasons that the log gives. */
async function openAt(url: string): Promise<string> {
  const reasons = new Set<string>()
  const log = createLog('info', {
    write: (line) => void reasons.add(String(JSON.parse(line).reason)),
  })
  try {
    const store = await createRedisStore({
      url: new Secret(url),
      timeoutMs: 1000,
      startTimeoutMs: 2000,
      log,
    })
    await store.ping()
    await store.close()
    return 'opened'
  } catch (error) {
    expect(error).toMatchObject({ code: 'store_unavailable' })
    return [...reasons].join(', ')
  }
}

describe('Redis over TLS', () => {
  it('is used when a known authority has issued its certificate for the very host', async () => {
    const { port } = await redisWith(known.issue('DNS:localhost,IP:127.0.0.1'))

    expect(await openAt(`rediss://127.0.0.1:${port}`)).toBe('opened')
  })

  it.each([
    ['has expired', () => known.issue('IP:127.0.0.1', -1), 'CERT_HAS_EXPIRED'],
    ['is for another host', () => known.issue('DNS:redis.test'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['is for another address', () => known.issue('IP:127.0.0.2'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'is from an authority that nobody knows',
      () => foreign.issue('IP:127.0.0.1'),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ])('is not used when its certificate %s', async (_what, issue, reason) => {
    const { port } = await redisWith(issue())

    expect(await openAt(`rediss://:password@127.0.0.1:${port}`)).toBe(reason)
  })

  it('is not used in plain, nor is plain Redis over TLS', async () => {
    const secure = await redisWith(known.issue('IP:127.0.0.1'))
    const plain = await startRedis()
    cleanup.add(plain.stop)

    expect(await openAt(`redis://127.0.0.1:${secure.port}`)).not.toBe('opened')
    expect(await openAt(`rediss://127.0.0.1:${plain.port}`)).not.toBe('opened')
  })
})
