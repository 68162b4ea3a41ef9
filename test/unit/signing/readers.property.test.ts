import { KeyTextError } from '../../../src/signing/key-text.ts'
import { KeyFileError, parseKeysJson } from '../../../src/signing/keys-json.ts'
import { PublicJwkError, readPublicJwk } from '../../../src/signing/public-jwk.ts'
import { readPrivateKey, readPublicKey } from '../../../src/signing/rsa-key.ts'
import { readSshRsaBlob } from '../../../src/signing/ssh-rsa.ts'
import { describeReaders } from '../../support/hostile-input.ts'
import { base64Of, keysJson, makeRsa, sshBlobOf } from './key-material.ts'

const key = makeRsa(2048)
const Private = base64Of(key.privateKey, 'pkcs8')
const Public = base64Of(key.publicKey, 'spki')
const jwk = { ...key.publicKey.export({ format: 'jwk' }), alg: 'RS256' }

/** Key objects of the same key are not the same object. */
const isRead = (value: unknown): boolean => value !== null
/** What an error of a key may say: nothing of the key. */
const says = (error: unknown, kind: new (...args: never[]) => Error): boolean =>
  error instanceof kind && !error.message.includes(Private.slice(100, 120))

describeReaders([
  {
    name: 'readSshRsaBlob',
    read: (text) => readSshRsaBlob(Buffer.from(text, 'base64')),
    good: [sshBlobOf(key.publicKey).replace(/^ssh-rsa /, '')],
  },
  {
    name: 'readPrivateKey',
    read: (text) => isRead(readPrivateKey(text)),
    good: [Private, base64Of(key.privateKey, 'pkcs1')],
    declares: (error) => says(error, KeyTextError),
  },
  {
    name: 'readPublicKey',
    read: (text) => isRead(readPublicKey(text)),
    good: [Public, base64Of(key.publicKey, 'pkcs1')],
    declares: (error) => says(error, KeyTextError),
  },
  {
    name: 'parseKeysJson',
    read: (text) => parseKeysJson(text, { allowLegacyRsa: true }).thumbprint,
    good: [keysJson({ Private, Public })],
    declares: (error) => says(error, KeyFileError),
  },
  {
    name: 'readPublicJwk',
    read: (text) => readPublicJwk(jsonOr(text)),
    good: [JSON.stringify(jwk)],
    declares: (error) => says(error, PublicJwkError),
  },
])

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
