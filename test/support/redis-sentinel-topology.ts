import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { AT_ONCE } from './redis-replicas.ts'
import {
  freePort,
  type RedisAccess,
  type RedisServer,
  startRedis,
  startSentinel,
  urlHead,
} from './redis-server.ts'
import { type Cut, PEER_ADDRESS, startTcpPartition } from './tcp-partition.ts'

export interface SentinelTopologyOptions {
  /** 3 when absent; a majority of them must agree. */
  readonly sentinels?: number
  /** 2 when absent. */
  readonly replicas?: number
  /** After so much silence a server counts as down; 1000 when absent. */
  readonly downAfterMs?: number
  /** Arguments of every redis-server. */
  readonly args?: readonly string[]
  readonly access?: RedisAccess
}

/** A server of the topology. All others and all clients know it by the port of its front. */
export interface SentinelNode {
  /** The process that runs now. */
  server(): RedisServer
  /** Where everybody reaches it. */
  readonly port: number
  /** Splits it off, as by a network that has gone; `none` heals. */
  cut(whom: Cut): void
  /** Starts it again after it was stopped, with what its directory holds, as a master. */
  restart(): Promise<void>
}

/** A real master, real replicas and real sentinels. */
export interface SentinelTopology {
  /** As `REDIS_URL` takes it. */
  readonly url: string
  readonly nodes: readonly SentinelNode[]
  readonly sentinels: readonly RedisServer[]
  /** The node that the sentinels name and that is a master itself. @throws while there is none */
  master(): Promise<SentinelNode>
  /** Resolves with the new master when all sentinels name another one than this. */
  failedOver(from: SentinelNode): Promise<SentinelNode>
  /** Resolves when the master has as many replicas in step. */
  replicated(count?: number): Promise<SentinelNode>
  stop(): Promise<void>
}

/** To make a replica of a server that came back as a master, of which they wait to be sure. */
const SENTINELS_TAKE_MS = 60_000
/** A failed attempt is repeated after twice this time at the earliest. */
const FAILOVER_TIMEOUT_MS = 3000

interface Node extends SentinelNode {
  stop(): Promise<void>
}

async function startNode(
  { args = [], access = {} }: SentinelTopologyOptions,
  masterPort?: number,
): Promise<Node> {
  const dir = await mkdtemp(join(tmpdir(), 'knoxgate-node-'))
  const port = await freePort()
  const front = await startTcpPartition(port)
  const own = [
    ...['--replica-announce-ip', '127.0.0.1', '--replica-announce-port', `${front.port}`],
    // The first of them is also the first thing that a replica has to acknowledge.
    ...['--repl-ping-replica-period', '1'],
    ...['--bind-source-addr', PEER_ADDRESS, ...AT_ONCE, ...args],
  ]
  const following = masterPort === undefined ? [] : ['--replicaof', '127.0.0.1', `${masterPort}`]
  let server = await startRedis({ port, dir, access, args: [...own, ...following] })
  return {
    server: () => server,
    port: front.port,
    cut: front.cut,
    async restart() {
      server = await startRedis({ port, dir, access, args: own })
    },
    async stop() {
      await server.stop()
      await front.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function startSentinels(
  watchedPort: number,
  { sentinels = 3, downAfterMs = 1000, access = {} }: SentinelTopologyOptions,
): Promise<readonly RedisServer[]> {
  const lines = [
    `sentinel down-after-milliseconds knox ${downAfterMs}`,
    `sentinel failover-timeout knox ${Math.max(FAILOVER_TIMEOUT_MS, 3 * downAfterMs)}`,
    'sentinel parallel-syncs knox 2',
    'sentinel announce-ip 127.0.0.1',
    `bind-source-addr ${PEER_ADDRESS}`,
  ]
  const quorum = Math.floor(sentinels / 2) + 1
  const options = { watchedPort, quorum, lines, access }
  return Promise.all(Array.from({ length: sentinels }, () => startSentinel(options)))
}

/** How many replicas are in step and have acknowledged something within the last second. */
async function replicasOf(node: SentinelNode): Promise<number> {
  const info = await node.server().cli('info', 'replication')
  return [...info.matchAll(/^slave\d+:.*state=online,offset=[1-9]\d*,lag=[01]\b/gm)].length
}

/** What a sentinel says of the group, by field. */
async function factsOf(sentinel: RedisServer): Promise<ReadonlyMap<string, string>> {
  const lines = (await sentinel.cli('sentinel', 'master', 'knox')).split('\n')
  return new Map(lines.flatMap((line, n) => (n % 2 === 0 ? [[line, lines[n + 1] ?? '']] : [])))
}

/** Starts all of it; resolves when every sentinel knows every server and all replicas are in step. */
export async function startSentinelTopology(
  options: SentinelTopologyOptions = {},
): Promise<SentinelTopology> {
  const { replicas = 2, access = {} } = options
  const first = await startNode(options)
  const others = Array.from({ length: replicas }, () => startNode(options, first.port))
  const nodes = [first, ...(await Promise.all(others))]
  // A sentinel that finds no replica at its first look looks again ten seconds later.
  await eventually(async () => (await replicasOf(first)) === replicas)
  const sentinels = await startSentinels(first.port, options)
  const places = sentinels.map(({ port }) => `127.0.0.1:${port}`)

  async function named(sentinel: RedisServer): Promise<Node> {
    const port = (await factsOf(sentinel)).get('port')
    const node = nodes.find((one) => `${one.port}` === port)
    if (node === undefined) throw new Error(`no such server: ${port}`)
    return node
  }

  async function master(): Promise<Node> {
    const [found, ...same] = await Promise.all(sentinels.map(named))
    if (found === undefined || same.some((node) => node !== found)) throw new Error('no agreement')
    const [role] = (await found.server().cli('role')).split('\n')
    if (role !== 'master') throw new Error(`the one that is named is ${role}`)
    return found
  }

  async function masterThat(isRight: (node: Node) => boolean | Promise<boolean>) {
    let right: Node | undefined
    await eventually(async () => {
      const node = await master()
      if (await isRight(node)) right = node
      return right !== undefined
    }, SENTINELS_TAKE_MS)
    if (right === undefined) throw new Error('no master')
    return right
  }

  const topology: SentinelTopology = {
    url: `${urlHead(access, '+sentinel')}${places.join(',')}/knox`,
    nodes,
    sentinels,
    master,
    failedOver: (from) => masterThat((node) => node !== from),
    replicated: (count = replicas) => masterThat(async (node) => (await replicasOf(node)) >= count),
    async stop() {
      await Promise.all([...sentinels, ...nodes].map((one) => one.stop()))
    },
  }
  const isComplete = async (sentinel: RedisServer): Promise<boolean> => {
    const facts = await factsOf(sentinel)
    const known = [facts.get('num-slaves'), facts.get('num-other-sentinels')]
    return known.join() === `${replicas},${sentinels.length - 1}`
  }
  await eventually(
    async () => (await Promise.all(sentinels.map(isComplete))).every(Boolean),
    60_000,
  )
  await topology.replicated()
  return topology
}
