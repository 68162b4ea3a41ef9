import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { createRespSplitter } from '../../support/resp.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`

/** A cluster of one node, which has all slots and answers every read with these words. */
async function startNode(words: (port: number) => string): Promise<number> {
  const sockets = new Set<Socket>()
  let asked = 0
  const answerTo = (command: readonly string[], port: number): string => {
    const [name = '', sub = ''] = command.map((word) => word.toLowerCase())
    if (name === 'cluster' && sub === 'slots')
      return `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n${bulk('127.0.0.1')}:${port}\r\n${bulk('a'.repeat(40))}`
    if (name === 'cluster') return bulk('cluster_state:ok\r\ncluster_slots_assigned:16384')
    if (name === 'info') return bulk('redis_version:7.2.0\r\nrole:master\r\nloading:0')
    if (name !== 'hget') return '+OK\r\n'
    asked += 1
    return asked > 3 ? '$-1\r\n' : `-${words(port)}\r\n`
  }
  const server = createServer((socket) => {
    const split = createRespSplitter()
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      for (const { value } of split(chunk))
        socket.write(answerTo(Array.isArray(value) ? value.map(String) : [], port))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.add(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return address.port
}

/** Everything that all arrays and objects have. */
const common = () =>
  [Object.prototype, Array.prototype, Function.prototype].map((prototype) =>
    Reflect.ownKeys(prototype).map(String),
  )

it.each([
  ['MOVED __proto__', (port: number) => `MOVED __proto__ 127.0.0.1:${port}`],
  ['MOVED constructor', (port: number) => `MOVED constructor 127.0.0.1:${port}`],
  ['MOVED length', (port: number) => `MOVED length 127.0.0.1:${port}`],
  ['MOVED push', (port: number) => `MOVED push 127.0.0.1:${port}`],
  ['MOVED -1', (port: number) => `MOVED -1 127.0.0.1:${port}`],
  ['MOVED 99999999', (port: number) => `MOVED 99999999 127.0.0.1:${port}`],
  ['MOVED to a port that is none', () => 'MOVED 1 127.0.0.1:99999999'],
  ['ASK __proto__', (port: number) => `ASK __proto__ 127.0.0.1:${port}`],
])('a node that answers %s changes nothing but its own answer', async (_what, words) => {
  const before = common()
  const port = await startNode(words)
  const store = await createRedisStore({
    url: new Secret(`redis+cluster://127.0.0.1:${port}`),
    timeoutMs: 1000,
    startTimeoutMs: 3000,
    lookEveryMs: 600_000,
    log: createLog('silent'),
  })
  cleanup.add(store.close)

  const ended = await store.version('kg:{conn_a}').then(
    () => 'answered',
    (error: unknown) => error,
  )

  const after = common()
  // Before anything else is done with an array that has become another.
  Reflect.deleteProperty(Array.prototype, '0')
  expect(after).toEqual(before)
  expect(['answered', expect.objectContaining({ code: 'store_unavailable' })]).toContainEqual(ended)
})
