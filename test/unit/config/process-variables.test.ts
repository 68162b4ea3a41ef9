import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { ENV, load, placesOf, problemsOf } from './valid-config.ts'

const KEY = randomBytes(32).toString('base64')
const URL_SAFE_KEY = randomBytes(32).toString('base64url')

describe('process variables', () => {
  it.each(['PUBLIC_URL', 'REDIS_URL', 'VAULT_KEYS', 'API_KEY_PEPPER', 'ADMIN_TOKEN'])(
    'has no default for %s, set to nothing or not at all',
    (name) => {
      const unset = problemsOf({ env: { [name]: undefined } })
      const empty = problemsOf({ env: { [name]: '' } })

      expect(unset).toEqual([
        {
          source: name,
          rule: expect.stringMatching(/^is not set: must /),
          example: expect.any(String),
        },
      ])
      expect(empty).toEqual(unset)
    },
  )

  it.each([
    ['PUBLIC_URL', 'https://connect.example.com:8443'],
    ['PUBLIC_URL', 'https://connect.example.com/'],
    ['PUBLIC_URL', 'http://localhost:8080'],
    ['PUBLIC_URL', 'http://127.8.9.1:8080'],
    ['PUBLIC_URL', 'http://[::1]:8080'],
    ['HOST', '0.0.0.0'],
    ['HOST', '::'],
    ['HOST', 'eth0.internal'],
    ['PORT', '0'],
    ['PORT', '65535'],
    ['VAULT_KEYS', `2026-11:${KEY}`],
    ['VAULT_KEYS', `new:${URL_SAFE_KEY},old:${KEY}`],
    ['API_KEY_PEPPER', `${'ab'.repeat(15)}cd`],
    ['ADMIN_TOKEN', `${'ab'.repeat(15)}cd`],
    ['LOG_LEVEL', 'silent'],
  ])('accepts %s=%s in strict mode', (name, value) => {
    expect(placesOf({ env: { [name]: value } })).toEqual([])
  })

  it.each([
    ['KNOXGATE_MODE', 'Development'],
    ['PUBLIC_URL', 'http://connect.example.com'],
    ['PUBLIC_URL', 'http://localhost.example.com'],
    ['PUBLIC_URL', 'http://128.0.0.1'],
    ['PUBLIC_URL', 'https://connect.example.com/knox'],
    ['PUBLIC_URL', 'https://connect.example.com?'],
    ['PUBLIC_URL', 'https://connect.example.com#'],
    ['PUBLIC_URL', 'https://user@connect.example.com'],
    ['PUBLIC_URL', 'connect.example.com'],
    ['HOST', 'http://0.0.0.0'],
    ['PORT', '65536'],
    ['PORT', '80a'],
    ['REDIS_URL', 'memory:'],
    ['REDIS_URL', 'redis://:change-me@redis.internal'],
    ['VAULT_KEYS', KEY],
    ['VAULT_KEYS', `k1:${randomBytes(31).toString('base64')}`],
    ['VAULT_KEYS', `k1:${randomBytes(33).toString('base64')}`],
    ['VAULT_KEYS', `k.1:${KEY}`],
    ['VAULT_KEYS', `k1:${KEY},k1:${URL_SAFE_KEY}`],
    ['VAULT_KEYS', `k1:${KEY},`],
    ['VAULT_KEYS', `k1:${Buffer.alloc(32, 7).toString('base64')}`],
    ['API_KEY_PEPPER', `${'ab'.repeat(15)}c`],
    ['API_KEY_PEPPER', 'change-me-change-me-change-me-change-me'],
    ['API_KEY_PEPPER', 'a'.repeat(64)],
    ['ADMIN_TOKEN', `${'ab'.repeat(15)}c`],
    ['ADMIN_TOKEN', `two words ${'ab'.repeat(15)}`],
    ['ADMIN_TOKEN', 'x'.repeat(32)],
    ['ADMIN_READ_TOKEN', `${'ab'.repeat(15)}c`],
    ['ADMIN_READ_TOKEN', ENV.ADMIN_TOKEN],
    ['LOG_LEVEL', 'INFO'],
  ])('refuses %s=%s in strict mode', (name, value) => {
    expect(placesOf({ env: { [name]: value } })).toEqual([name])
  })

  it.each([
    ['REDIS_URL', 'memory:'],
    ['PUBLIC_URL', 'http://connect.test:8080'],
    ['VAULT_KEYS', `k1:${Buffer.alloc(32, 7).toString('base64')}`],
    ['API_KEY_PEPPER', 'change-me-change-me-change-me-change-me'],
    ['ADMIN_TOKEN', 'x'.repeat(32)],
  ])('accepts %s=%s in development', (name, value) => {
    expect(placesOf({ env: { KNOXGATE_MODE: 'development', [name]: value } })).toEqual([])
  })

  it('knows no token for reading unless there is one', () => {
    const token = randomBytes(32).toString('hex')

    expect(load().adminReadToken).toBeNull()
    expect(load({ env: { ADMIN_READ_TOKEN: '' } }).adminReadToken).toBeNull()
    expect(load({ env: { ADMIN_READ_TOKEN: token } }).adminReadToken?.reveal()).toBe(token)
  })

  it('writes the origin as browsers do', () => {
    const config = load({ env: { PUBLIC_URL: 'HTTPS://Connect.Example.com:443/' } })

    expect(config.publicUrl).toBe('https://connect.example.com')
  })

  it('keeps the order of the ring, the active key first, in standard base64', () => {
    const config = load({ env: { VAULT_KEYS: `new:${URL_SAFE_KEY},old:${KEY}` } })

    expect(config.vaultKeys.map(({ kid, key }) => [kid, key.reveal()])).toEqual([
      ['new', Buffer.from(URL_SAFE_KEY, 'base64url').toString('base64')],
      ['old', KEY],
    ])
  })

  describe('NAME_FILE', () => {
    const byFile = { ADMIN_TOKEN: undefined, ADMIN_TOKEN_FILE: '/run/secrets/admin' }

    it('reads the value from the file, without the line break at its end', () => {
      const config = load({
        env: byFile,
        files: { '/run/secrets/admin': `${ENV.ADMIN_TOKEN}\r\n` },
      })

      expect(config.adminToken.reveal()).toBe(ENV.ADMIN_TOKEN)
    })

    it.each([
      ['does not exist', undefined, 'names a file that does not exist'],
      ['cannot be read', 'unreadable', 'names a file that cannot be read'],
      ['is empty', '\n', 'names an empty file'],
    ])('refuses a file that %s', (_, file, rule) => {
      const problems = problemsOf({ env: byFile, files: { '/run/secrets/admin': file } })

      expect(problems).toEqual([expect.objectContaining({ source: 'ADMIN_TOKEN_FILE', rule })])
    })

    it('refuses a variable that is given both ways', () => {
      const problems = problemsOf({ env: { ADMIN_TOKEN_FILE: '/run/secrets/admin' } })

      expect(problems).toEqual([
        expect.objectContaining({ rule: 'must not be set together with ADMIN_TOKEN' }),
      ])
    })
  })
})
