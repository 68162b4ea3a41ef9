import { describe, expect, it } from '@jest/globals'
import { parseRedisUrl, type RedisTarget } from '../../../src/shared/redis-url.ts'

/** The target with its password shown, so that it can be compared. */
const parsed = (url: string) => {
  const { password, ...rest }: RedisTarget = parseRedisUrl(url)
  return password === undefined ? rest : { ...rest, password: password.reveal() }
}

describe('a Redis URL is read', () => {
  it.each([
    ['redis://localhost', { kind: 'single', address: { host: 'localhost', port: 6379 }, db: 0 }],
    [
      'redis://10.0.0.1:7000/',
      { kind: 'single', address: { host: '10.0.0.1', port: 7000 }, db: 0 },
    ],
    ['redis://[::1]:7000/2', { kind: 'single', address: { host: '::1', port: 7000 }, db: 2 }],
    ['redis://[fe80::1]', { kind: 'single', address: { host: 'fe80::1', port: 6379 }, db: 0 }],
    ['redis://r:65535/15', { kind: 'single', address: { host: 'r', port: 65535 }, db: 15 }],
  ])('%s', (url, expected) => {
    expect(parsed(url)).toEqual({ ...expected, tls: false })
  })

  it('with TLS', () => {
    expect(parsed('rediss://redis.example')).toEqual({
      kind: 'single',
      address: { host: 'redis.example', port: 6379 },
      db: 0,
      tls: true,
    })
  })

  it.each([
    ['redis+sentinel://a:1,b:2,c/main', 0],
    ['redis+sentinel://a:1,b:2,c/main/', 0],
    ['redis+sentinel://a:1,b:2,c/main/3', 3],
  ])('%s', (url, db) => {
    expect(parsed(url)).toEqual({
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 26379 },
      ],
      name: 'main',
      db,
      tls: false,
    })
  })

  it.each(['redis+cluster://a:1,b', 'redis+cluster://a:1,b/', 'redis+cluster://a:1,b/0'])(
    '%s',
    (url) => {
      const nodes = [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ]
      expect(parsed(url)).toEqual({ kind: 'cluster', nodes, tls: false })
    },
  )

  it.each(['rediss+sentinel://u:p@a,b/main', 'rediss+cluster://u:p@a,b'])('%s', (url) => {
    expect(parsed(url)).toMatchObject({ tls: true, username: 'u', password: 'p' })
  })

  it.each([
    ['redis://user:secret@h', { username: 'user', password: 'secret' }],
    ['redis://:secret@h', { password: 'secret' }],
    ['redis://us%40er:p%3A%2F%25@h', { username: 'us@er', password: 'p:/%' }],
    ['redis://user:a:b@c@h', { username: 'user', password: 'a:b@c' }],
    ['redis+sentinel://user:secret@h,i/main', { username: 'user', password: 'secret' }],
    ['redis+cluster://:secret@h,i', { password: 'secret' }],
  ])('%s', (url, expected) => {
    expect(parsed(url)).toMatchObject(expected)
  })

  it('without a user when there is none', () => {
    expect(parsed('redis://:secret@h')).not.toHaveProperty('username')
    expect(parsed('redis://h')).not.toHaveProperty('password')
  })
})

describe('a Redis URL is refused', () => {
  it.each([
    ['', 'must start with'],
    ['localhost:6379', 'must start with'],
    ['http://canary', 'must start with'],
    ['REDIS://canary', 'must start with'],
    ['redis+tls://canary', 'must start with'],
    [' redis://canary', 'must start with'],
    ['redis://canary?family=6', 'must start with'],
    ['redis://canary#1', 'must start with'],
    ['redis://', 'must name its servers'],
    ['redis://canary_host!', 'must name its servers'],
    ['redis://can ary', 'must name its servers'],
    ['redis://canary:', 'must name its servers'],
    ['redis://canary:port', 'must name its servers'],
    ['redis+cluster://canary,', 'must name its servers'],
    ['redis://canary:0', 'between 1 and 65535'],
    ['redis://canary:65536', 'between 1 and 65535'],
    ['redis://canary/main', 'as its database'],
    ['redis://canary/-1', 'as its database'],
    ['redis://canary/0/1', 'as its database'],
    ['redis://canary/12345', 'as its database'],
    ['redis://canary,canary', '+sentinel or +cluster'],
    ['redis+sentinel://canary', '/name or /name/db'],
    ['redis+sentinel://canary/', '/name or /name/db'],
    ['redis+sentinel://canary/main/0/1', '/name or /name/db'],
    ['redis+sentinel://canary/main/x', 'as its database'],
    ['redis+cluster://canary/1', 'must not choose a database'],
    ['redis://canary@h', 'must have a password'],
    ['redis://canary:@h', 'must have a password'],
    ['redis://@canary', 'must have a password'],
    ['redis://canary:%zz@h', 'percent-encoded'],
    ['redis://u:can/ary@h', 'must name its servers'],
  ])('%s, by a rule and without the value', (url, rule) => {
    let message = ''
    try {
      parseRedisUrl(url)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
      message = String(error)
    }

    expect(message).toContain(rule)
    expect(message).not.toContain('can')
  })
})
