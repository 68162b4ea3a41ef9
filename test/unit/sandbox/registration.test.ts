import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { generateKeysFile, registerKey } from '../../../src/sandbox/keys.ts'
import { createRegistration } from '../../../src/sandbox/registration.ts'
import { keys } from './support/sandbox.ts'

const publicKey = createPublicKey({
  key: Buffer.from(keys.Public, 'base64'),
  format: 'der',
  type: 'spki',
})

/** The ssh-rsa blob of RFC 4253 §6.6, as older keys.json files hold it. */
function sshBlob(): string {
  const { e = '', n = '' } = publicKey.export({ format: 'jwk' })
  const part = (bytes: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const positive = (text: string) =>
    Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')])
  return Buffer.concat([
    part(Buffer.from('ssh-rsa')),
    part(Buffer.from(e, 'base64url')),
    part(positive(n)),
  ]).toString('base64')
}

describe('a generated key pair', () => {
  it('has the newer shape: SPKI, PKCS#8 and a UUID, without line breaks', async () => {
    const made = await generateKeysFile()

    expect(Object.keys(made)).toEqual(['Public', 'Private', 'Identifier'])
    expect(made.Public).toMatch(/^MIIBIjANBg[\w+/]+=*$/)
    expect(made.Private).toMatch(/^MIIE[\w+/]+=*$/)
    expect(made.Identifier).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })
})

describe('registering a public key', () => {
  const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64')
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()

  it.each([
    ['SPKI', keys.Public],
    ['SPKI in PEM', pem],
    ['SPKI with line breaks', keys.Public.replace(/(.{64})/g, '$1\n')],
    ['PKCS#1', pkcs1],
    ['an ssh-rsa blob', sshBlob()],
    ['an ssh-rsa line', `ssh-rsa ${sshBlob()} ada@fernhill`],
  ])('reads %s as the same key', (_name, text) => {
    expect(registerKey(text).names[0]).toBe(keys.Public)
  })

  it('lets a portal name a key by SPKI or by what was registered', () => {
    expect(registerKey(sshBlob()).names).toEqual([keys.Public, sshBlob()])
  })

  it.each([
    ['nothing', ''],
    ['text', 'not a key'],
    ['half a blob', sshBlob().slice(0, 40)],
    [
      'a key of 512 bits',
      generateKeyPairSync('rsa', { modulusLength: 512 })
        .publicKey.export({ type: 'spki', format: 'der' })
        .toString('base64'),
    ],
    [
      'an EC key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .publicKey.export({ type: 'spki', format: 'der' })
        .toString('base64'),
    ],
  ])('refuses %s', (_name, text) => {
    expect(() => registerKey(text)).toThrow(RangeError)
  })
})

describe('a registration', () => {
  it('is the same whenever the keys are the same', async () => {
    const [first, second] = [await createRegistration({ keys }), await createRegistration({ keys })]

    expect(second.client).toEqual(first.client)
    expect(second.knox.clientIdentifier).toBe(first.knox.clientIdentifier)
    expect(second.knox.context).toBe(first.knox.context)
  })

  it('differs from that of other keys in every secret', async () => {
    const [first, second] = [await createRegistration({ keys }), await createRegistration()]

    expect(second.client.clientSecret).not.toBe(first.client.clientSecret)
    expect(second.knox.clientIdentifier).not.toBe(first.knox.clientIdentifier)
  })

  it('has a Client Identifier that looks like the one in the field', async () => {
    const { knox } = await createRegistration({ keys })

    const [header, claims] = knox.clientIdentifier
      .split('.', 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))

    expect(header).toEqual({ alg: 'HS512' })
    expect(claims).toEqual({ clientIdentifier: knox.context, attr1: '1' })
    expect(knox.context).toMatch(
      /^([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}){2}$/,
    )
  })

  it('takes everything from the options', async () => {
    const registration = await createRegistration({
      clientId: 'c',
      clientSecret: 's',
      alias: 'A',
      clientIdentifier: 'i',
      partnerId: 'p',
      idpTokenClaim: 't',
      keys,
    })

    expect(registration).toMatchObject({
      client: { clientId: 'c', clientSecret: 's', alias: 'A' },
      knox: { clientIdentifier: 'i', partnerId: 'p', idpTokenClaim: 't', keys },
    })
  })
})
