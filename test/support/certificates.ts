import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** A certificate that only its own key vouches for, and that key; PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  /** SHA-256 of the public key (RFC 7858 §4.2, `SPKI`), base64: by this a client can pin it. */
  readonly pin: string
}

/** A DER element (X.690 §8.1) of one of the few tags that are needed here. */
function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const digits = body.length.toString(16)
  const size = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  const length =
    body.length < 0x80 ? size : Buffer.concat([Buffer.from([0x80 + size.length]), size])
  return Buffer.concat([Buffer.from([tag]), length, body])
}

const sequence = (...content: readonly Buffer[]) => element(0x30, ...content)
const identifier = (hex: string) => element(0x06, Buffer.from(hex, 'hex'))
const octets = (...content: readonly Buffer[]) => element(0x04, ...content)
const date = (time: Date) =>
  element(0x18, Buffer.from(`${time.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))

const ECDSA_WITH_SHA256 = sequence(identifier('2a8648ce3d040302'))
const DAY_MS = 86_400_000

/**
 * Makes a certificate (RFC 5280 §4.1), good from yesterday for a month, so that none is kept in the
 * repository and no tool is needed.
 *
 * @param names - Host names, `*.` in front allowed, and IPv4 addresses.
 * @param now - Ms since the epoch.
 */
export function makeCertificate(names: readonly string[], now: number): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const subject = sequence(
    element(0x31, sequence(identifier('550403'), element(0x0c, Buffer.from('test')))),
  )
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    subject,
    sequence(date(new Date(now - DAY_MS)), date(new Date(now + 30 * DAY_MS))),
    subject,
    spki,
    element(0xa3, sequence(alternativeNames(names))),
  )
  const signature = element(0x03, Buffer.alloc(1), sign('sha256', body, privateKey))
  const certificate = sequence(body, ECDSA_WITH_SHA256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    pin: createHash('sha256').update(spki).digest('base64'),
  }
}

/** RFC 5280 §4.2.1.6; the tags of `dNSName` and `iPAddress`. */
function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    isIPv4(name)
      ? element(0x87, Buffer.from(name.split('.').map(Number)))
      : element(0x82, Buffer.from(name)),
  )
  return sequence(identifier('551d11'), octets(sequence(...entries)))
}
