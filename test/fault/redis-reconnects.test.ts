import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it } from '@jest/globals'
import { createLog } from '../../src/shared/log.ts'
import { parseRedisUrl } from '../../src/shared/redis-url.ts'
import { openRedisLink, type RedisLink } from '../../src/vault/store-redis-link.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { freePort, startRedis } from '../support/redis-server.ts'

const CLIENTS = 50
const WATCHED_MS = 4000
/** Each client doubles its pause, from 100 ms to a second. */
const MOST_OF_ONE = 10

const cleanup = createCleanup()
afterEach(cleanup.run)

function openLinks(port: number): readonly RedisLink[] {
  const target = parseRedisUrl(`redis://127.0.0.1:${port}`)
  const deps = { timeoutMs: 1000, log: createLog('silent') }
  const links = Array.from({ length: CLIENTS }, () => openRedisLink(target, deps))
  cleanup.add(() => Promise.all(links.map((link) => link.close())))
  return links
}

/** Takes connections and ends them at once, as a proxy without a server behind it does. */
async function watchAttempts(port: number) {
  const times: number[] = []
  const server = createServer((socket) => {
    times.push(performance.now())
    socket.destroy()
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { times, end: () => new Promise((resolve) => server.close(resolve)) }
}

it('does not storm a server that is away, nor one that is back, and every client finds it', async () => {
  const port = await freePort()
  const first = await startRedis({ port })
  cleanup.add(() => first.stop())
  const links = openLinks(port)
  await eventually(() => links.every((link) => link.isReady()))
  await first.stop()

  const { times, end } = await watchAttempts(port)
  await wait(WATCHED_MS)
  await end()
  const second = await startRedis({ port })
  cleanup.add(second.stop)
  const startedAt = performance.now()
  await eventually(() => links.every((link) => link.isReady()))

  expect(performance.now() - startedAt).toBeLessThan(3000)
  expect(times.length).toBeGreaterThan(CLIENTS)
  expect(times.length).toBeLessThanOrEqual(CLIENTS * MOST_OF_ONE)
  // Not in step: no tenth of a second of the last two sees more than a third of them.
  const late = times.filter((time) => time > (times.at(-1) ?? 0) - 2000)
  const tenths = Map.groupBy(late, (time) => Math.floor(time / 100))
  const most = Math.max(...[...tenths.values()].map(({ length }) => length))
  expect(most).toBeLessThan(CLIENTS / 3)
  const received = /^total_connections_received:(\d+)/m.exec(await second.cli('info', 'stats'))
  expect(Number(received?.[1])).toBeLessThan(CLIENTS * 2)
})
