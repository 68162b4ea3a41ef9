import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { calculateJwkThumbprint } from 'jose'
import { KeyFileError, parseKeysJson } from '../../../src/signing/keys-json.ts'
import {
  base64Of,
  keysJson,
  makeRsa,
  privateForms,
  publicForms,
  sshBlobOf,
} from './key-material.ts'

const strict = { allowLegacyRsa: false }
const lenient = { allowLegacyRsa: true }
const pair = makeRsa(2048)
const Private = base64Of(pair.privateKey, 'pkcs8')
const Public = base64Of(pair.publicKey, 'spki')

/** The rule that a text breaks. */
function ruleOf(text: string, options = strict): string {
  try {
    parseKeysJson(text, options)
  } catch (error) {
    if (error instanceof KeyFileError) return error.rule
    throw error
  }
  return 'none'
}

describe('encodings', () => {
  it.each(privateForms(pair))('reads a private half written as %s', (_form, text) => {
    const keys = parseKeysJson(keysJson({ Private: text, Public }), strict)

    expect(keys.privateKey.equals(pair.privateKey)).toBe(true)
  })

  it.each(publicForms(pair))('re-encodes a public half written as %s to SPKI', (_form, text) => {
    const keys = parseKeysJson(keysJson({ Private, Public: text }), strict)

    expect(keys.publicKeySpki).toBe(Public)
  })

  it.each([
    ['SPKI', Public],
    ['PKCS#1', base64Of(pair.publicKey, 'pkcs1')],
    ['ssh-rsa', sshBlobOf(pair.publicKey)],
  ])('keeps the base64 of %s as it stands, whatever surrounds it', (form, base64) => {
    const surrounded = publicForms(pair).filter(([name]) => name.includes(form))
    const verbatim = surrounded.map(
      ([, text]) => parseKeysJson(keysJson({ Private, Public: text }), strict).publicKeyVerbatim,
    )

    expect(new Set(verbatim)).toEqual(new Set([base64]))
  })

  it('tells size and RFC 7638 thumbprint', async () => {
    const keys = parseKeysJson(keysJson({ Private, Public }), strict)

    expect(keys.modulusBits).toBe(2048)
    expect(keys.thumbprint).toBe(
      await calculateJwkThumbprint(pair.publicKey.export({ format: 'jwk' }), 'sha256'),
    )
  })

  it('reads a file that begins with a byte order mark', () => {
    expect(ruleOf(`\uFEFF${keysJson({ Private, Public })}`)).toBe('none')
  })
})

describe('size', () => {
  const pairOf = (bits: number) => {
    const { privateKey, publicKey } = makeRsa(bits)
    return keysJson({ Private: base64Of(privateKey, 'pkcs1'), Public: sshBlobOf(publicKey) })
  }
  const rsa1023 = pairOf(1023)
  const rsa1024 = pairOf(1024)
  const rsa2047 = pairOf(2047)

  it('refuses less than 2048 bits', () => {
    expect(ruleOf(rsa2047)).toMatch('at least 2048 bits unless allow_legacy_rsa')
    expect(ruleOf(rsa1024)).toMatch('at least 2048 bits unless allow_legacy_rsa')
  })

  it('accepts 1024 to 2047 bits where legacy keys are allowed', () => {
    expect(parseKeysJson(rsa1024, lenient).modulusBits).toBe(1024)
    expect(parseKeysJson(rsa2047, lenient).modulusBits).toBe(2047)
  })

  it('refuses less than 1024 bits always', () => {
    expect(ruleOf(rsa1023, lenient)).toMatch('at least 1024 bits')
    expect(ruleOf(rsa1023)).toMatch('at least 1024 bits')
  })
})

describe('files that are refused', () => {
  const other = makeRsa(2048)
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
  const encrypted = pair.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'pass',
  })
  const encryptedPkcs1 = pair.privateKey.export({
    type: 'pkcs1',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'pass',
  })
  const jwk = pair.privateKey.export({ format: 'jwk' })
  const { n: _n, e: _e, ...foreign } = other.privateKey.export({ format: 'jwk' })
  const mixed = createPrivateKey({ key: { ...jwk, ...foreign }, format: 'jwk' })
  const damaged = base64Of(mixed, 'pkcs8')

  it.each([
    ['text that is no JSON', '{"Private": "MIIE', 'the file must be JSON'],
    ['an array', '[]', 'the file must be a JSON object'],
    ['null', 'null', 'the file must be a JSON object'],
    ['no private half', keysJson({ Private: undefined, Public }), 'Private is missing'],
    ['no public half', keysJson({ Private, Public: undefined }), 'Public is missing'],
    [
      'names in another case',
      JSON.stringify({ private: Private, public: Public }),
      'Private is missing',
    ],
    ['a number', keysJson({ Private: 7, Public }), 'Private must be a string'],
    ['an empty half', keysJson({ Private, Public: ' \n' }), 'Public must not be empty'],
    [
      'armour around nothing',
      keysJson({ Private: '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----', Public }),
      'Private must not be empty',
    ],
    ['what is no base64', keysJson({ Private: 'MII*', Public }), 'Private must be base64'],
    [
      'base64 of no key',
      keysJson({ Private: 'AAAA', Public }),
      'Private must be a PKCS#8 or PKCS#1 private key',
    ],
    [
      'a public key as private half',
      keysJson({ Private: Public, Public }),
      'Private must be a PKCS#8 or PKCS#1 private key',
    ],
    [
      'a private key as public half',
      keysJson({ Private, Public: Private }),
      'Public must not be a private key',
    ],
    [
      'a PKCS#1 private key as public half',
      keysJson({ Private, Public: base64Of(pair.privateKey, 'pkcs1') }),
      'Public must not be a private key',
    ],
    [
      'an encrypted key',
      keysJson({ Private: encrypted, Public }),
      'Private must not be encrypted or carry PEM headers',
    ],
    [
      'an encrypted PKCS#1 key',
      keysJson({ Private: encryptedPkcs1, Public }),
      'Private must not be encrypted or carry PEM headers',
    ],
    [
      'an EC private key',
      keysJson({ Private: base64Of(ec.privateKey, 'pkcs8'), Public }),
      'Private must be an RSA key',
    ],
    [
      'an EC public key',
      keysJson({ Private, Public: base64Of(ec.publicKey, 'spki') }),
      'Public must be an RSA key',
    ],
    [
      'an RSA-PSS key',
      keysJson({ Private: base64Of(pss.privateKey, 'pkcs8'), Public }),
      'Private must be an RSA key',
    ],
    [
      'halves of two pairs',
      keysJson({ Private, Public: base64Of(other.publicKey, 'spki') }),
      'Public must be the public half of Private',
    ],
    [
      'a damaged private half',
      keysJson({ Private: damaged, Public }),
      'Public must be the public half of Private',
    ],
    [
      'a cut ssh-rsa blob',
      keysJson({ Private, Public: sshBlobOf(pair.publicKey).slice(0, -8) }),
      'Public must be an SPKI, PKCS#1 or ssh-rsa public key',
    ],
    [
      'an ssh-rsa blob with more behind',
      keysJson({ Private, Public: `${sshBlobOf(pair.publicKey).replaceAll('=', '')}AAAA` }),
      'Public must be an SPKI, PKCS#1 or ssh-rsa public key',
    ],
  ])('names the rule that %s breaks', (_what, text, rule) => {
    expect(ruleOf(text)).toBe(rule)
  })

  it('says nothing of what the file holds', () => {
    const secret = 'c2VjcmV0LWtleS1tYXRlcmlhbA'
    const texts = [`{"Private": "${secret}`, keysJson({ Private: `${secret}*`, Public: secret })]

    for (const text of texts) {
      const error = (() => {
        try {
          return parseKeysJson(text, strict)
        } catch (thrown) {
          return thrown
        }
      })()
      expect(error).toBeInstanceOf(KeyFileError)
      expect(`${error} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain(secret)
    }
  })
})
