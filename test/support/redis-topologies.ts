import { eventually } from './eventually.ts'
import { type RedisServer, startRedis, startSentinel } from './redis-server.ts'

export interface RedisGroup {
  /** As `REDIS_URL` takes it. */
  readonly url: string
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

const SLOTS = 16_384
const NODES = 3

const groupOf = (url: string, servers: readonly RedisServer[]): RedisGroup => ({
  url,
  servers,
  async stop() {
    await Promise.all(servers.map((server) => server.stop()))
  },
})

/** Starts three masters that share the slots. */
export async function startCluster(): Promise<RedisGroup> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000']
  const servers = await Promise.all(Array.from({ length: NODES }, () => startRedis({ args })))
  const share = Math.ceil(SLOTS / NODES)
  const [first] = servers
  for (const [n, server] of servers.entries()) {
    const last = Math.min((n + 1) * share, SLOTS) - 1
    await server.cli('cluster', 'addslotsrange', `${n * share}`, `${last}`)
    await server.cli('cluster', 'set-config-epoch', `${n + 1}`)
    if (first !== undefined) await server.cli('cluster', 'meet', '127.0.0.1', `${first.port}`)
  }
  const isWhole = async (server: RedisServer): Promise<boolean> => {
    const info = await server.cli('cluster', 'info')
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`)
  }
  await eventually(async () => (await Promise.all(servers.map(isWhole))).every(Boolean))
  const places = servers.map(({ port }) => `127.0.0.1:${port}`)
  return groupOf(`redis+cluster://${places.join(',')}`, servers)
}

/** Starts one server and one sentinel that watches it. */
export async function startSentinelGroup(): Promise<RedisGroup> {
  const server = await startRedis()
  const sentinel = await startSentinel({ watchedPort: server.port })
  return groupOf(sentinel.url, [sentinel, server])
}
