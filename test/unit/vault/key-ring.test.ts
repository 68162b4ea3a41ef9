import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import { createKeyRing, type RingKey } from '../../../src/vault/key-ring.ts'

const UNREADABLE = { code: 'record_unreadable' }

const ringKey = (kid: string, bytes = 32): RingKey => ({
  kid,
  key: new Secret(randomBytes(bytes).toString('base64')),
})
const OLD = ringKey('2025')
const NEW = ringKey('2026')

describe('a key ring', () => {
  it('unwraps what it wrapped, for the same document', async () => {
    const ring = createKeyRing([OLD])
    const dataKey = randomBytes(32)

    const wrapped = await ring.wrap(dataKey, 'conn_a')

    expect(Buffer.from(await ring.unwrap(wrapped, 'conn_a'))).toEqual(dataKey)
  })

  it('names the key in what it wraps: version, kid, IV, key and tag', async () => {
    const wrapped = await createKeyRing([OLD]).wrap(randomBytes(32), 'conn_a')

    expect(wrapped).toMatch(/^v1\.2025\.[\w-]{16}\.[\w-]{64}$/)
  })

  it('does not unwrap for another document', async () => {
    const ring = createKeyRing([OLD])
    const wrapped = await ring.wrap(randomBytes(32), 'conn_a')

    await expect(ring.unwrap(wrapped, 'conn_b')).rejects.toMatchObject(UNREADABLE)
  })

  it('wraps with the first key and unwraps with all', async () => {
    const wrapped = await createKeyRing([OLD]).wrap(randomBytes(32), 'conn_a')
    const ring = createKeyRing([NEW, OLD])

    await expect(ring.unwrap(wrapped, 'conn_a')).resolves.toHaveLength(32)
    expect(ring.activeKid).toBe('2026')
    expect(ring.kids()).toEqual(['2026', '2025'])
    expect(await ring.wrap(randomBytes(32), 'conn_a')).toMatch(/^v1\.2026\./)
  })

  it('does not unwrap with a key that has left the ring', async () => {
    const wrapped = await createKeyRing([OLD]).wrap(randomBytes(32), 'conn_a')

    await expect(createKeyRing([NEW]).unwrap(wrapped, 'conn_a')).rejects.toMatchObject(UNREADABLE)
  })

  it('does not unwrap under the name of another key', async () => {
    const ring = createKeyRing([NEW, OLD])
    const wrapped = await ring.wrap(randomBytes(32), 'conn_a')

    const renamed = ring.unwrap(wrapped.replace('2026', '2025'), 'conn_a')

    await expect(renamed).rejects.toMatchObject(UNREADABLE)
  })

  it('binds the name: the same key under two names does not open for the other', async () => {
    const { key } = OLD
    const ring = createKeyRing([
      { kid: 'a', key },
      { kid: 'b', key },
    ])
    const wrapped = await ring.wrap(randomBytes(32), 'conn_a')

    const renamed = ring.unwrap(wrapped.replace('.a.', '.b.'), 'conn_a')

    await expect(renamed).rejects.toMatchObject(UNREADABLE)
  })

  it.each(['', 'v1', 'v1.2025', 'v1.2025.AAAA', 'v2.2025.AAAA.AAAA', 'v1.constructor.AAAA.AAAA'])(
    'does not unwrap %j',
    async (text) => {
      await expect(createKeyRing([OLD]).unwrap(text, 'conn_a')).rejects.toMatchObject(UNREADABLE)
    },
  )

  it('does not unwrap when any one character is another', async () => {
    const ring = createKeyRing([OLD])
    const wrapped = await ring.wrap(randomBytes(32), 'conn_a')

    for (let at = 0; at < wrapped.length; at += 1) {
      const changed =
        wrapped.slice(0, at) + (wrapped[at] === 'A' ? 'B' : 'A') + wrapped.slice(at + 1)
      await expect(ring.unwrap(changed, 'conn_a')).rejects.toMatchObject(UNREADABLE)
    }
  })

  it('shows no key when it is printed', () => {
    const printed = inspect(createKeyRing([OLD]), { depth: null, showHidden: true })

    expect(printed).not.toContain(OLD.key.reveal())
    expect(printed).not.toContain(Buffer.from(OLD.key.reveal(), 'base64').toString('hex'))
  })
})

describe('a key ring is refused', () => {
  it.each([
    ['without a key', []],
    ['with a kid given twice', [ringKey('a'), ringKey('a')]],
    ['with a key of 31 bytes', [ringKey('a', 31)]],
    ['with a key of 33 bytes', [ringKey('a', 33)]],
    ['with an empty kid', [ringKey('')]],
    ['with a dot in a kid', [ringKey('a.b')]],
    ['with a kid of 65 characters', [ringKey('a'.repeat(65))]],
  ])('%s', (_, keys) => {
    expect(() => createKeyRing(keys)).toThrow(RangeError)
  })

  it('and a kid of 64 characters is not', () => {
    expect(createKeyRing([ringKey('a'.repeat(64))]).kids()).toHaveLength(1)
  })
})
