import { describe, expect, it } from '@jest/globals'
import * as scripts from '../../../src/vault/redis-scripts.ts'
import { documentKey, indexKey, referenceKey } from '../../../src/vault/store.ts'

/** Every command of a script, and what stands where its key is. */
const commandsOf = (lua: string): readonly (readonly [string, string])[] =>
  Array.from(
    lua.matchAll(/redis\.p?call\('(\w+)'(?:, ([^,)]+))?/g),
    ([, command = '', first = '']) => [command, first] as const,
  )

/** The commands that touch something else than the one key. */
const strays = (lua: string) =>
  commandsOf(lua).filter(([command, first]) => command !== 'TIME' && first !== 'KEYS[1]')

describe.each(Object.entries(scripts))('the script %s', (_, lua) => {
  it('has one key, so that every server of a cluster can run it', () => {
    const keys = Array.from(lua.matchAll(/KEYS\[(.*?)\]/g), ([, index]) => index)

    expect(keys.length).toBeGreaterThan(0)
    expect(new Set(keys)).toEqual(new Set(['1']))
  })

  it('touches nothing but that key', () => {
    expect(commandsOf(lua).length).toBeGreaterThan(0)
    expect(strays(lua)).toEqual([])
  })
})

it.each(["redis.call('GET', ARGV[1])", "redis.pcall('DEL', KEYS[2])", "redis.call('FLUSHALL')"])(
  'would find %s',
  (lua) => {
    expect(strays(lua)).toHaveLength(1)
  },
)

it('has a tag in every key, so that what belongs together is on one server', () => {
  const tagOf = (key: string) => /^kg:\{([^{}]+)\}/.exec(key)?.[1]

  expect(tagOf(documentKey('conn_1'))).toBe('conn_1')
  expect(tagOf(indexKey('acme'))).toBe('acme')
  expect(tagOf(referenceKey('acme', 'emm-eu', 'hash'))).toBe('acme')
})
