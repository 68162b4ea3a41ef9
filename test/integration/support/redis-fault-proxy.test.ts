import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { createCleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import {
  type Exchange,
  type Fate,
  mentions,
  REFUSAL,
  type RedisFaultProxy,
  startRedisFaultProxy,
} from '../../support/redis-fault-proxy.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'

const cleanup = createCleanup()
let server: RedisServer
let direct: Redis
let proxy: RedisFaultProxy
let redis: Redis

beforeAll(async () => {
  server = await startRedis()
  direct = new Redis(server.url)
})
afterAll(async () => {
  direct.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await direct.flushall()
  proxy = await startRedisFaultProxy(server.port)
  cleanup.add(() => proxy.stop())
  // Fails at once when its connection goes: nothing is sent a second time behind a test's back.
  redis = new Redis(proxy.url, {
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    protocol: 2,
    retryStrategy: () => 10,
  })
  redis.on('error', () => {})
  cleanup.add(() => redis.disconnect())
  await redis.ping()
})
afterEach(cleanup.run)

it('lets everything through that nobody waits for, however large and however many', async () => {
  const large = 'ä'.repeat(200_000)
  const pipeline = redis.pipeline().set('large', large)
  for (let n = 0; n < 500; n++) pipeline.rpush('list', `${n}`)

  await pipeline.exec()

  expect(await redis.get('large')).toBe(large)
  expect(await redis.lrange('list', 0, -1)).toHaveLength(500)
  expect(proxy.seen(({ command }) => command[0] === 'rpush')).toBe(500)
})

it('matches replies to their commands in order, whatever they are', async () => {
  const replies: unknown[] = []
  proxy.on({
    at: 'reply',
    times: 100,
    matches: () => true,
    act({ command: [name], reply }) {
      replies.push([name, reply])
      return 'pass'
    },
  })

  await redis
    .pipeline()
    .set('a', '1')
    .incr('a')
    .get('none')
    .lpush('a', 'x')
    .eval("return {'x', {1, false}, ''}", 0)
    .exec()

  expect(replies).toEqual([
    ['set', 'OK'],
    ['incr', 2],
    ['get', null],
    ['lpush', { error: expect.stringMatching(/^WRONGTYPE/) }],
    ['eval', ['x', [1, null], '']],
  ])
})

it('holds a command before Redis has it, for as long as it is told', async () => {
  const held = Promise.withResolvers<'pass'>()
  const met = Promise.withResolvers<Exchange>()
  proxy.on({
    at: 'command',
    matches: mentions('secret'),
    act(exchange) {
      met.resolve(exchange)
      return held.promise
    },
  })

  const answer = redis.set('key', 'secret')
  const { command } = await met.promise
  const before = await direct.get('key')
  held.resolve('pass')

  expect(command).toEqual(['set', 'key', 'secret'])
  expect(before).toBeNull()
  expect(await answer).toBe('OK')
})

it('holds a reply after Redis has acted and before the client knows', async () => {
  const held = Promise.withResolvers<'pass'>()
  const met = Promise.withResolvers<void>()
  let isKnown = false
  proxy.on({
    at: 'reply',
    matches: ({ command }) => command[0] === 'set',
    act() {
      met.resolve()
      return held.promise
    },
  })

  const answer = redis.set('key', 'value').then(() => {
    isKnown = true
  })
  await met.promise
  const before = [await direct.get('key'), isKnown]
  held.resolve('pass')
  await answer

  expect(before).toEqual(['value', false])
})

it('tells when a reply was passed on, and can wait until the client has read it', async () => {
  const events: string[] = []
  const read = Promise.withResolvers<void>()
  proxy.on({
    at: 'replied',
    matches: ({ command }) => command[0] === 'get',
    async act({ link }): Promise<Fate> {
      events.push('passed on')
      await link.readByClient()
      read.resolve()
      return 'pass'
    },
  })

  await redis.get('key').then(() => events.push('known'))
  await read.promise

  expect(events).toEqual(['passed on', 'known'])
})

it('drops the third reply and everything after it', async () => {
  proxy.on({ at: 'reply', matches: () => true, skip: 2, act: 'drop' })

  expect([await redis.incr('n'), await redis.incr('n')]).toEqual([1, 2])
  const third = redis.incr('n').catch(() => 'never')
  await eventually(async () => (await direct.get('n')) === '3')
  const fourth = redis.incr('n').catch(() => 'never')
  await eventually(async () => (await direct.get('n')) === '4')
  redis.disconnect()

  expect([await third, await fourth]).toEqual(['never', 'never'])
})

it('resets the connection instead of a reply, so that Redis has acted and nobody was told', async () => {
  proxy.on({ at: 'reply', matches: mentions('value'), act: 'cut' })

  await expect(redis.set('key', 'value')).rejects.toThrow()

  expect(await direct.get('key')).toBe('value')
  await eventually(async () => (await redis.get('key')) === 'value')
})

it('resets the connection instead of passing a command on', async () => {
  proxy.on({ at: 'command', matches: mentions('value'), act: 'cut' })

  await expect(redis.set('key', 'value')).rejects.toThrow()

  expect(await direct.get('key')).toBeNull()
})

it('refuses a command with an error in its turn, and Redis never has it', async () => {
  proxy.on({ at: 'command', times: 2, matches: mentions('refused'), act: { answer: REFUSAL } })

  const results = await redis
    .pipeline()
    .set('a', 'refused')
    .set('b', 'taken')
    .set('c', 'refused')
    .get('b')
    .exec()

  expect(results?.map(([error, reply]) => error?.message.split(' ')[0] ?? reply)).toEqual([
    'NOREPLICAS',
    'OK',
    'NOREPLICAS',
    'taken',
  ])
  expect(await direct.exists('a', 'c')).toBe(0)
})

it('puts an error in the place of a reply to what Redis has done', async () => {
  proxy.on({ at: 'reply', matches: mentions('done'), act: { answer: REFUSAL } })

  await expect(redis.set('a', 'done')).rejects.toThrow(/^NOREPLICAS/)

  expect(await direct.get('a')).toBe('done')
})

it('acts as often as it is told, and no more once it was taken back', async () => {
  const refuse = { at: 'command', matches: mentions('x'), act: { answer: REFUSAL } } as const
  const outcomeOf = () => redis.set('key', 'x').catch(() => 'refused')
  proxy.on({ ...refuse, times: 2 })

  const outcomes = [await outcomeOf(), await outcomeOf(), await outcomeOf()]
  const takeBack = proxy.on({ ...refuse, times: 2 })
  outcomes.push(await outcomeOf())
  takeBack()
  outcomes.push(await outcomeOf())

  expect(outcomes).toEqual(['refused', 'refused', 'OK', 'refused', 'OK'])
})
