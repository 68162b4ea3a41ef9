import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A key and its certificate; PEM. */
export interface Issued {
  readonly key: string
  readonly cert: string
}

/** A certificate authority that nobody knows but the test. */
export interface CertificateAuthority {
  /** Path of its certificate, for `NODE_EXTRA_CA_CERTS` or `ca` options. */
  readonly path: string
  readonly cert: string
  /**
   * Issues a certificate.
   *
   * @param altName - As OpenSSL writes it: `DNS:a.test,IP:127.0.0.1`.
   * @param days - Of validity from now on; below zero it has expired.
   */
  issue(altName: string, days?: number): Issued
  remove(): void
}

const OPENSSL = 'openssl'
const CA_EXTENSIONS = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']

/** Creates an authority with the OpenSSL command line, which every machine that runs Redis has. */
export function createCertificateAuthority(name: string): CertificateAuthority {
  const directory = mkdtempSync(join(tmpdir(), 'knoxgate-ca-'))
  const at = (file: string) => join(directory, file)
  const openssl = (...args: readonly string[]) =>
    execFileSync(OPENSSL, args, { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] })
  const newKey = (file: string) =>
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file)

  newKey('ca.key')
  openssl(
    ...['req', '-x509', '-new', '-key', 'ca.key', '-subj', `/CN=${name}`, '-days', '30'],
    ...CA_EXTENSIONS.flatMap((one) => ['-addext', one]),
    ...['-out', 'ca.pem'],
  )
  let issued = 0

  return {
    path: at('ca.pem'),
    cert: readFileSync(at('ca.pem'), 'utf8'),
    issue(altName, days = 30) {
      issued += 1
      const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map(
        (kind) => `${issued}.${kind}`,
      ) as [string, string, string, string]
      newKey(key)
      openssl('req', '-new', '-key', key, '-subj', '/CN=test', '-out', request)
      writeFileSync(at(extensions), `subjectAltName=${altName}\n`)
      openssl(
        ...['x509', '-req', '-in', request, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
        ...['-set_serial', String(issued), '-days', String(days)],
        ...['-extfile', extensions, '-out', cert],
      )
      return { key: readFileSync(at(key), 'utf8'), cert: readFileSync(at(cert), 'utf8') }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
