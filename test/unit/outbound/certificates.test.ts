import { execFile } from 'node:child_process'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type Issued,
} from '../../support/certificate-authority.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { listen } from './servers.ts'

const cleanup = createCleanup()
/** The one that the asking process is told of, and one that it is not. */
let known: CertificateAuthority
let foreign: CertificateAuthority

beforeAll(() => {
  known = createCertificateAuthority('known')
  foreign = createCertificateAuthority('foreign')
})
afterAll(async () => {
  await cleanup.run()
  known.remove()
  foreign.remove()
})

/** A server with one certificate for whoever asks; it counts requests, and notes handshakes. */
async function serverWith({ key, cert }: Issued) {
  const seen = { requests: 0, handshakes: [] as string[] }
  const server = createServer({ key, cert }, (_req, res) => {
    seen.requests += 1
    // Not at once, so that requests at the same time need a connection each.
    setTimeout(() => res.writeHead(204).end(), 50)
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    const host = socket.servername === false ? 'an address' : socket.servername
    seen.handshakes.push(`${host}: ${socket.isSessionReused() ? 'resumed' : 'whole'}`)
  })
  const { origin, close } = await listen(server, 'https')
  cleanup.add(close)
  return { seen, port: new URL(origin).port }
}

/**
 * How requests end, one after the other over the same way out and then all at once, in a process that trusts the known
 * authority beside the usual ones, and to which every name is 127.0.0.1.
 */
async function outcomesOf(
  origins: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const src = (path: string) => new URL(`../../../src/outbound/${path}`, import.meta.url).href
  const script = `
    import { createAddressGuard } from '${src('address-guard.ts')}'
    import { createOutbound } from '${src('undici-outbound.ts')}'
    const origins = ${JSON.stringify(origins)}
    const here = [{ address: '127.0.0.1', family: 4 }]
    const guard = createAddressGuard({
      mayReach: () => true,
      onRefused() {},
      resolve: (name, options, callback) => setImmediate(callback, null, here),
    })
    const options = { timeoutMs: 5000, responseLimitBytes: 9, clock: () => 0, guard }
    const outbound = createOutbound({ ...options, allowedOrigins: origins })
    const ask = (url) => outbound.request({ method: 'GET', url, headers: {} }).then(
      ({ status }) => String(status),
      ({ reason, sent }) => reason + (sent ? ', sent' : ', not sent'),
    )
    const ends = []
    for (const url of origins) ends.push(await ask(url))
    await Promise.all(origins.map(ask))
    console.log(JSON.stringify(ends))
    process.exit()`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script],
    { env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: known.path, ...env } },
  )
  return JSON.parse(stdout)
}

const REFUSED = 'unreachable, not sent'

describe('the certificate of a host', () => {
  it('is enough when a known authority has issued it for the very name, and is in time', async () => {
    const byName = await serverWith(known.issue('DNS:a.test'))
    const byAddress = await serverWith(known.issue('IP:127.0.0.1'))
    const byPattern = await serverWith(known.issue('DNS:*.knox.test'))

    expect(
      await outcomesOf([
        `https://a.test:${byName.port}`,
        `https://127.0.0.1:${byAddress.port}`,
        `https://eu.knox.test:${byPattern.port}`,
      ]),
    ).toEqual(['204', '204', '204'])
  })

  it.each([
    ['has expired', 'a.test', () => known.issue('DNS:a.test', -1)],
    ['is for another host', 'a.test', () => known.issue('DNS:b.test')],
    ['is for another address', '127.0.0.1', () => known.issue('IP:127.0.0.2')],
    ['names an address as if it were a name', '127.0.0.1', () => known.issue('DNS:127.0.0.1')],
    ['is for a part of the name', 'a.test', () => known.issue('DNS:test')],
    ['has a pattern one level too high', 'a.eu.test', () => known.issue('DNS:*.test')],
    ['names the host in its subject only', 'test', () => known.issue('DNS:b.test')],
    ['is from an authority that nobody knows', 'a.test', () => foreign.issue('DNS:a.test')],
  ])('is not enough when it %s', async (_what, host, issue) => {
    const { seen, port } = await serverWith(issue())

    expect(await outcomesOf([`https://${host}:${port}`])).toEqual([REFUSED])
    expect(seen.requests).toBe(0)
  })

  it('is checked whatever the environment says', async () => {
    const { seen, port } = await serverWith(known.issue('DNS:b.test'))

    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' }
    expect(await outcomesOf([`https://a.test:${port}`], env)).toEqual([REFUSED])
    expect(seen.requests).toBe(0)
  })
})

describe('a TLS session', () => {
  it('of one host is offered to no other, whose certificate is looked at for itself', async () => {
    const { seen, port } = await serverWith(known.issue('DNS:a.test'))
    const hosts = ['a.test', 'b.test', '127.0.0.1', 'a.test'].map(
      (name) => `https://${name}:${port}`,
    )

    expect(await outcomesOf(hosts)).toEqual(['204', REFUSED, REFUSED, '204'])
    expect(seen.handshakes).toContain('a.test: resumed')
    expect(seen.handshakes).not.toContain('b.test: resumed')
    expect(seen.handshakes).not.toContain('an address: resumed')
  })

  it('between two hosts that one certificate names is not shared either', async () => {
    const { seen, port } = await serverWith(known.issue('DNS:a.test,DNS:b.test'))
    const hosts = ['a.test', 'a.test', 'b.test'].map((name) => `https://${name}:${port}`)

    expect(await outcomesOf(hosts)).toEqual(['204', '204', '204'])
    expect(seen.handshakes).toContain('a.test: resumed')
    expect(seen.handshakes.find((one) => one.startsWith('b.test'))).toBe('b.test: whole')
  })
})
