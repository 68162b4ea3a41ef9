import { generateKeyPairSync, sign } from 'node:crypto'

const tlv = (tag: number, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content)
  const size = body.length.toString(16)
  const long = Buffer.from(size.length % 2 === 0 ? size : `0${size}`, 'hex')
  const length =
    body.length < 0x80 ? long : Buffer.concat([Buffer.from([0x80 + long.length]), long])
  return Buffer.concat([Buffer.from([tag]), length, body])
}

const sequence = (...content: readonly Buffer[]): Buffer => tlv(0x30, ...content)
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'))
const utcTime = (text: string): Buffer => tlv(0x17, Buffer.from(text))

/**
 * Makes a certificate (RFC 5280 §4.1) for 127.0.0.1 that only its own key vouches for.
 *
 * Written by hand, so that no certificate is kept in the repository and no tool is needed.
 */
export function makeSelfSigned(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
  const name = sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from('self-signed')))))
  const address = tlv(0x87, Buffer.from([127, 0, 0, 1]))
  const subjectAltName = sequence(oid('551d11'), tlv(0x04, sequence(address)))
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(utcTime('200101000000Z'), utcTime('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(subjectAltName)),
  )
  const signature = tlv(0x03, Buffer.alloc(1), sign('sha256', body, privateKey))
  const certificate = sequence(body, ecdsaWithSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
  }
}
