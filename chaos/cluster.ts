import { Cluster, type Redis } from 'ioredis'
import { guardedAccess } from '../test/support/redis-access.ts'
import {
  type ClusterNode,
  type ClusterTopology,
  startClusterTopology,
} from '../test/support/redis-cluster-topology.ts'
import type { RedisAccess } from '../test/support/redis-server.ts'
import type { RigStore } from '../test/support/service-rig.ts'
import type { Scenario } from './scenario.ts'
import type { Blow } from './topology/blow.ts'
import { asAdmin, repeated, roundsOf, runDrill } from './topology/drill.ts'
import { SERVER_ARGS, SERVICE_MAY_TAKE_MS } from './topology/settings.ts'

const NODE_TIMEOUT_MS = 2_000
const CONNECTIONS = 30
const REPLICAS = 2
const MARGIN_MS = 3_000
/** A third of what one master has, with a third of its connections. */
const MOVED_SLOTS = 1_800

/** Everything that makes another server decide about a slot. */
export const clusterScenario: Scenario = {
  name: 'cluster',
  summary:
    'a master of a cluster is killed, stopped, and slots are moved during renewals: none is lost, back in time',
  takes: '1 min a round',
  argument: { name: 'rounds', default: '1' },
  async run(context) {
    const rounds = roundsOf(context)
    const { access, env } = await guardedAccess(context.cleanup)
    const topology = await startClusterTopology({
      nodeTimeoutMs: NODE_TIMEOUT_MS,
      // One would not do: without it the master that takes over could not wait for any.
      replicasPerMaster: 2,
      args: SERVER_ARGS,
      access,
    })
    context.cleanup.add(topology.stop)
    const store = openClusterStore(topology, access)
    context.cleanup.add(() => store.db.disconnect())
    context.say('three masters with two replicas each, over TLS and as the least user')
    await runDrill(context, {
      ...{ store, env, connections: CONNECTIONS, replicas: REPLICAS },
      blows: repeated(rounds, clusterBlows(topology)),
      withinMs: NODE_TIMEOUT_MS + SERVICE_MAY_TAKE_MS,
      marginMs: MARGIN_MS,
    })
  },
}

/** A connection of our own. */
export function openClusterStore(topology: ClusterTopology, access: RedisAccess = {}): RigStore {
  const { retryStrategy, ...redisOptions } = asAdmin(access)
  const [first] = topology.nodes
  if (first === undefined) throw new Error('there is no node')
  const places = topology.nodes.map(({ port }) => ({ host: '127.0.0.1', port }))
  const cluster = new Cluster(places, {
    redisOptions,
    clusterNodeRetryStrategy: retryStrategy,
    slotsRefreshInterval: 500,
    dnsLookup: (host, done) => done(null, host),
  })
  cluster.on('error', () => {})
  // What is asked of it is one key each, and that both kinds of client can do.
  return { url: topology.url, db: cluster as unknown as Redis, server: first.server() }
}

const clusterBlows = (topology: ClusterTopology): readonly Blow[] => [
  killNode(topology),
  stopNode(topology),
  moveSlots(topology, MOVED_SLOTS),
]

async function someMaster(topology: ClusterTopology): Promise<ClusterNode> {
  const [master] = await topology.masters()
  if (master === undefined) throw new Error('there is no master')
  return master
}

function killNode(topology: ClusterTopology): Blow {
  let struck: ClusterNode | undefined
  return {
    name: 'a master is killed',
    async strike() {
      struck = await someMaster(topology)
      await struck.server().stop()
    },
    async mend() {
      await struck?.restart()
      await topology.whole()
    },
  }
}

export function stopNode(topology: ClusterTopology): Blow {
  let struck: ClusterNode | undefined
  return {
    name: 'a master hangs',
    async strike() {
      struck = await someMaster(topology)
      process.kill(struck.server().pid, 'SIGSTOP')
    },
    async mend() {
      if (struck !== undefined) process.kill(struck.server().pid, 'SIGCONT')
      await topology.whole()
    },
  }
}

export const moveSlots = (topology: ClusterTopology, count: number): Blow => ({
  name: `${count} slots are moved`,
  async strike() {
    const [from, to] = await topology.masters()
    if (from === undefined || to === undefined) throw new Error('there are no two masters')
    await topology.reshard(from, to, count)
  },
  mend: topology.whole,
})
