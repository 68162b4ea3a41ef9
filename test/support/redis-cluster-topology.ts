import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from './eventually.ts'
import { AT_ONCE } from './redis-replicas.ts'
import {
  cliArgs,
  freePort,
  type RedisAccess,
  type RedisServer,
  startRedis,
  urlHead,
} from './redis-server.ts'

const run = promisify(execFile)

export interface ClusterTopologyOptions {
  /** 3 when absent, which is the least that can agree on anything. */
  readonly masters?: number
  /** 1 when absent. */
  readonly replicasPerMaster?: number
  /** After so much silence a node counts as down; 1000 when absent. */
  readonly nodeTimeoutMs?: number
  /** Arguments of every redis-server. */
  readonly args?: readonly string[]
  readonly access?: RedisAccess
}

export interface ClusterNode {
  /** The process that runs now. */
  server(): RedisServer
  readonly port: number
  /** Its id in the cluster. */
  readonly id: string
  /** Starts it again after it was stopped, with what its directory holds. */
  restart(): Promise<void>
}

/** Real masters that share the slots, each with real replicas. */
export interface ClusterTopology {
  /** As `REDIS_URL` takes it. */
  readonly url: string
  readonly nodes: readonly ClusterNode[]
  /** The masters that have slots, as this node sees it, or the first that answers. */
  masters(asked?: ClusterNode): Promise<readonly ClusterNode[]>
  /** The master of a key's slot. */
  masterOf(key: string): Promise<ClusterNode>
  /** Resolves when this one is master of nothing and every slot has a master that answers. */
  failedOver(from: ClusterNode): Promise<void>
  /** Resolves when every node that runs says that all is well, and every master has its replicas. */
  whole(): Promise<void>
  /** Moves so many slots with all their keys, as `redis-cli --cluster reshard` does. */
  reshard(from: ClusterNode, to: ClusterNode, slots: number): Promise<void>
  stop(): Promise<void>
}

const SLOTS = 16_384

interface Node extends ClusterNode {
  stop(): Promise<void>
}

async function startNode(options: ClusterTopologyOptions): Promise<Node> {
  const { nodeTimeoutMs = 1000, args: more = [], access = {} } = options
  const dir = await mkdtemp(join(tmpdir(), 'knoxgate-node-'))
  const port = await freePort()
  const own = ['--cluster-enabled', 'yes', '--cluster-node-timeout', `${nodeTimeoutMs}`]
  const args = [...own, ...AT_ONCE, ...more]
  let server = await startRedis({ port, dir, access, args })
  const id = await server.cli('cluster', 'myid')
  return {
    server: () => server,
    port,
    id,
    async restart() {
      server = await startRedis({ port, dir, access, args })
    },
    async stop() {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A node as another one sees it: a line of `CLUSTER NODES`. */
interface Seen {
  readonly id: string
  readonly flags: readonly string[]
  /** First and last of each range; empty for a replica. */
  readonly slots: readonly (readonly [number, number])[]
}

async function seenBy(node: ClusterNode): Promise<readonly Seen[]> {
  const lines = (await node.server().cli('cluster', 'nodes')).split('\n')
  return lines.map((line) => {
    const [id = '', , flags = '', , , , , , ...ranges] = line.split(' ')
    const slots = ranges.flatMap((range) => {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
      return first === undefined ? [] : [[Number(first), Number(last)] as const]
    })
    return { id, flags: flags.split(','), slots }
  })
}

async function isWell(node: ClusterNode, known: number): Promise<boolean> {
  const info = await node.server().cli('cluster', 'info')
  const wanted = ['cluster_state:ok', `cluster_slots_ok:${SLOTS}`, `cluster_known_nodes:${known}`]
  return wanted.every((line) => info.includes(line))
}

/** Whether it is a replica in step, or a master. */
async function isLinked(node: ClusterNode): Promise<boolean> {
  const info = await node.server().cli('info', 'replication')
  return info.includes('role:master') || info.includes('master_link_status:up')
}

/** Lets the nodes meet, gives the masters their slots and every master its replicas. */
async function form(nodes: readonly Node[], masters: readonly Node[]): Promise<void> {
  const share = Math.ceil(SLOTS / masters.length)
  for (const [n, node] of masters.entries()) {
    const last = Math.min((n + 1) * share, SLOTS) - 1
    await node.server().cli('cluster', 'addslotsrange', `${n * share}`, `${last}`)
    await node.server().cli('cluster', 'set-config-epoch', `${n + 1}`)
  }
  const [first] = nodes
  for (const { port } of nodes) await first?.server().cli('cluster', 'meet', '127.0.0.1', `${port}`)
  const knowsAll = async (node: Node) => (await seenBy(node)).length === nodes.length
  await eventually(async () => (await Promise.all(nodes.map(knowsAll))).every(Boolean))
  const replicas = nodes.filter((node) => !masters.includes(node))
  for (const [n, node] of replicas.entries()) {
    const { id = '' } = masters[n % masters.length] ?? {}
    await eventually(async () => (await node.server().cli('cluster', 'replicate', id)) === 'OK')
  }
}

/** Starts all of it; resolves when every node says that the cluster is whole. */
export async function startClusterTopology(
  options: ClusterTopologyOptions = {},
): Promise<ClusterTopology> {
  const { masters: count = 3, replicasPerMaster = 1, access = {} } = options
  const all = Array.from({ length: count * (1 + replicasPerMaster) }, () => startNode(options))
  const nodes = await Promise.all(all)
  await form(nodes, nodes.slice(0, count))

  async function answering(): Promise<readonly Node[]> {
    const asked = nodes.map((node) =>
      node
        .server()
        .cli('ping')
        .then(Boolean, () => false),
    )
    const answers = await Promise.all(asked)
    return nodes.filter((_, n) => answers[n])
  }

  async function deciding(asked?: ClusterNode): Promise<readonly Seen[]> {
    const node = asked ?? (await answering())[0]
    if (node === undefined) throw new Error('no node answers')
    const seen = await seenBy(node)
    return seen.filter(({ slots, flags }) => slots.length > 0 && !flags.includes('fail'))
  }
  const nodeOf = (id: string): Node => {
    const found = nodes.find((node) => node.id === id)
    if (found === undefined) throw new Error('no such node')
    return found
  }

  const topology: ClusterTopology = {
    url: `${urlHead(access, '+cluster')}${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    masters: async (asked) => (await deciding(asked)).map(({ id }) => nodeOf(id)),

    async masterOf(key) {
      const [node] = await answering()
      const slot = Number(await node?.server().cli('cluster', 'keyslot', key))
      const isIn = ({ slots }: Seen) => slots.some(([from, to]) => from <= slot && slot <= to)
      return nodeOf((await deciding(node)).find(isIn)?.id ?? '')
    },

    failedOver: (from) =>
      eventually(async () => {
        const others = (await answering()).filter((node) => node !== from)
        const isOver = async (node: Node): Promise<boolean> => {
          const masters = await topology.masters(node)
          return (await isWell(node, nodes.length)) && !masters.some(({ id }) => id === from.id)
        }
        return (await Promise.all(others.map(isOver))).every(Boolean)
      }),

    whole: () =>
      eventually(async () => {
        const up = await answering()
        const well = await Promise.all(up.map((node) => isWell(node, nodes.length)))
        const linked = await Promise.all(up.map(isLinked))
        return [...well, ...linked].every(Boolean)
      }, 60_000),

    async reshard(from, to, slots) {
      const move = ['--cluster-from', from.id, '--cluster-to', to.id, '--cluster-slots', `${slots}`]
      const where = ['--cluster', 'reshard', `127.0.0.1:${from.port}`]
      await run('redis-cli', [...cliArgs(access), ...where, ...move, '--cluster-yes'])
    },

    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
  await topology.whole()
  return topology
}
