import { describe, expect, it } from '@jest/globals'
import { isRedisUrl } from '../../../src/config/redis-url.ts'
import { isOrigin, isPath, isUrl } from '../../../src/config/urls.ts'

describe('isUrl', () => {
  it.each([
    'https://a.example',
    'https://a.example:8443/x/y?z=1&z=2',
    'https://a.example/?at=@',
    'http://localhost:3000/x',
    'http://127.0.0.1/x',
    'http://[::1]:3000/x',
  ])('accepts %s in strict mode', (url) => {
    expect(isUrl(url, true)).toBe(true)
  })

  it.each([
    'http://a.example/',
    'http://127.0.0.1.example/',
    'http://localhost@a.example/',
    'https://user:password@a.example/',
    'https://@a.example/',
    'https://a.example/#x',
    'https://a.example/#',
    'https:a.example',
    'https:///a.example',
    'https:\\\\a.example',
    'https://a.example\\x',
    ' https://a.example',
    'https://a.example/\u0000',
    'https://a.example:65536/',
    '//a.example',
    '/x',
    'javascript:alert(1)',
    'ftp://a.example',
    `https://a.example/${'x'.repeat(2048)}`,
    '',
    7,
    ['https://a.example'],
  ])('refuses %j in strict mode', (url) => {
    expect(isUrl(url, true)).toBe(false)
  })

  it('accepts http to anywhere in development only', () => {
    expect(isUrl('http://a.example/', false)).toBe(true)
    expect(isUrl('http://a.example/', true)).toBe(false)
  })
})

describe('isOrigin', () => {
  it('accepts scheme, host and port, and nothing behind them', () => {
    expect(isOrigin('https://a.example:8443', true)).toBe(true)
    expect(isOrigin('https://a.example/', true)).toBe(true)
    expect(isOrigin('https://a.example/x', true)).toBe(false)
    expect(isOrigin('https://a.example?', true)).toBe(false)
    expect(isOrigin('https://a.example/?x=1', true)).toBe(false)
  })
})

describe('isPath', () => {
  it.each(['/', '/ams/v1/users', '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1', '/a%20b'])(
    'accepts %s',
    (path) => {
      expect(isPath(path)).toBe(true)
    },
  )

  it.each([
    'ams/v1',
    '//host/x',
    '/\\host',
    '/a/../b',
    '/a/%2e%2e/b',
    '/a b',
    '/a#b',
    '/é',
    'https://a.example/x',
    '',
    7,
  ])('refuses %j', (path) => {
    expect(isPath(path)).toBe(false)
  })
})

describe('isRedisUrl', () => {
  it.each([
    'redis://localhost',
    'redis://localhost:6379',
    'redis://localhost:6379/',
    'rediss://user:p%40ss@redis.internal:6380/15',
    'redis+sentinel://s1/main',
    'rediss+cluster://n1',
    'redis://:password@[::1]:6379',
    'redis+sentinel://s1:26379,s2:26379/main',
    'redis+sentinel://user:password@s1:26379/main',
    'redis+cluster://n1:6379,n2:6379,[::1]:6379',
  ])('accepts %s', (url) => {
    expect(isRedisUrl(url, true)).toBe(true)
  })

  it.each([
    'localhost:6379',
    'http://localhost:6379',
    'redis:///0',
    'redis://localhost:0',
    'redis://localhost:65536',
    'redis://localhost/zero',
    'redis://localhost?tls=true',
    'redis://localhost:6379 ',
    'redis+sentinel://s1:26379',
    'redis+cluster://n1:6379,n2:99999',
    'redis+cluster://n1:6379/main',
    'memory:x',
    'memory:',
  ])('refuses %s in strict mode', (url) => {
    expect(isRedisUrl(url, true)).toBe(false)
  })
})
