import { generateKeyPairSync, type KeyObject } from 'node:crypto'

/** A key pair made for one test run, never stored. */
export interface KeyMaterial {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const makeRsa = (modulusLength: number): KeyMaterial =>
  generateKeyPairSync('rsa', { modulusLength })

const der = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'spki'): Buffer =>
  key.type === 'private'
    ? key.export({ type: type === 'pkcs1' ? 'pkcs1' : 'pkcs8', format: 'der' })
    : key.export({ type: type === 'pkcs1' ? 'pkcs1' : 'spki', format: 'der' })

export const base64Of = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'spki'): string =>
  der(key, type).toString('base64')

/** The key as OpenSSH writes it, without its prefix (RFC 4253 §6.6). */
export function sshBlobOf(publicKey: KeyObject): string {
  const { e = '', n = '' } = publicKey.export({ format: 'jwk' })
  const fields = [Buffer.from('ssh-rsa'), mpint(e), mpint(n)]
  return Buffer.concat(fields.flatMap((field) => [length(field), field])).toString('base64')
}

function mpint(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.alloc(1), bytes])
}

function length(field: Buffer): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(field.length)
  return bytes
}

const wrapped = (base64: string, newline = '\n'): string =>
  (base64.match(/.{1,64}/g) ?? []).join(newline)

const armoured = (base64: string, label: string): string =>
  `-----BEGIN ${label}-----\n${wrapped(base64)}\n-----END ${label}-----\n`

/** Every way protocol.md 3.4 and 9b know to write the private half. */
export const privateForms = ({
  privateKey,
}: KeyMaterial): readonly (readonly [string, string])[] => {
  const pkcs1 = base64Of(privateKey, 'pkcs1')
  const pkcs8 = base64Of(privateKey, 'pkcs8')
  return [
    ['PKCS#8', pkcs8],
    ['PKCS#1', pkcs1],
    ['PKCS#8 in lines', wrapped(pkcs8)],
    ['PKCS#1 in lines ended by CR LF', wrapped(pkcs1, '\r\n')],
    ['PKCS#1 in lines ended by a written \\n', `${wrapped(pkcs1, '\\n')}\\n`],
    ['PKCS#8 in armour', armoured(pkcs8, 'PRIVATE KEY')],
    ['PKCS#1 in armour', armoured(pkcs1, 'RSA PRIVATE KEY')],
    ['PKCS#8 in armour, escaped twice', armoured(pkcs8, 'PRIVATE KEY').replaceAll('\n', '\\n')],
    ['PKCS#1 in armour with another label', armoured(pkcs1, 'PRIVATE KEY')],
  ]
}

/** Every way they know to write the public half. */
export const publicForms = ({ publicKey }: KeyMaterial): readonly (readonly [string, string])[] => {
  const spki = base64Of(publicKey, 'spki')
  const pkcs1 = base64Of(publicKey, 'pkcs1')
  const blob = sshBlobOf(publicKey)
  return [
    ['SPKI', spki],
    ['PKCS#1', pkcs1],
    ['SPKI in lines', wrapped(spki)],
    ['SPKI in armour', armoured(spki, 'PUBLIC KEY')],
    ['PKCS#1 in armour', armoured(pkcs1, 'RSA PUBLIC KEY')],
    ['SPKI in armour, escaped twice', armoured(spki, 'PUBLIC KEY').replaceAll('\n', '\\n')],
    ['an ssh-rsa blob', blob],
    ['an ssh-rsa blob in lines', wrapped(blob)],
    ['an ssh-rsa blob in armour', armoured(blob, 'PUBLIC KEY')],
    ['an ssh-rsa line', `ssh-rsa ${blob}`],
    ['an ssh-rsa line with a comment', `ssh-rsa ${blob} admin@example key 1\n`],
    ['an ssh-rsa line broken in the blob', `ssh-rsa ${wrapped(blob)} admin@example`],
    ['an ssh-rsa blob with a comment', `${blob} admin@example`],
  ]
}

export const keysJson = (halves: { readonly Private: unknown; readonly Public: unknown }): string =>
  JSON.stringify({ Identifier: '3f0c5a8e-0000-4000-8000-000000000000', ...halves })
