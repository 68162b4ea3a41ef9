import { Redis } from 'ioredis'
import { guardedAccess } from '../test/support/redis-access.ts'
import {
  type SentinelNode,
  type SentinelTopology,
  startSentinelTopology,
} from '../test/support/redis-sentinel-topology.ts'
import type { RedisAccess } from '../test/support/redis-server.ts'
import type { RigStore } from '../test/support/service-rig.ts'
import type { Cut } from '../test/support/tcp-partition.ts'
import { startWorld } from './load/world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'
import { type Blow, type BlowOptions, besiege } from './topology/blow.ts'
import {
  ALWAYS,
  LIVELY,
  SAMSUNG_TAKES_MS,
  SERVER_ARGS,
  SERVICE_ENV,
  SERVICE_MAY_TAKE_MS,
} from './topology/settings.ts'

const DOWN_AFTER_MS = 2_000
const CONNECTIONS = 30
const REPLICAS = 2
const MARGIN_MS = 3_000

/** Everything that takes a master away. */
export const sentinelScenario: Scenario = {
  name: 'sentinel',
  summary:
    'the master behind three sentinels is killed, stopped, split off during renewals: none is lost, back in time',
  takes: '2 min',
  async run(context) {
    const { access, env } = await guardedAccess(context.cleanup)
    const topology = await startSentinelTopology({
      downAfterMs: DOWN_AFTER_MS,
      args: SERVER_ARGS,
      access,
    })
    context.cleanup.add(topology.stop)
    context.say('one master, two replicas, three sentinels, over TLS and as the least user')
    await drillSentinel(context, topology, {
      ...{ access, env, connections: CONNECTIONS, replicas: REPLICAS },
      blows: sentinelBlows(topology),
      withinMs: DOWN_AFTER_MS + SERVICE_MAY_TAKE_MS,
      marginMs: MARGIN_MS,
    })
  },
}

export interface SentinelDrill extends BlowOptions {
  readonly access?: RedisAccess
  /** More environment of the services. */
  readonly env?: Readonly<Record<string, string>>
  readonly connections: number
  /** How many services. */
  readonly replicas: number
  readonly blows: readonly Blow[]
}

/** Lets services renew tokens on a topology that is struck. */
export async function drillSentinel(
  context: ScenarioContext,
  topology: SentinelTopology,
  drill: SentinelDrill,
): Promise<void> {
  const { connections, replicas } = drill
  const store = await openStore(topology, drill.access)
  context.cleanup.add(() => store.db.disconnect())
  const env = { ...SERVICE_ENV, ...drill.env }
  const world = await startWorld(context, { ...LIVELY, connections, replicas, store, env })
  world.rig.sandbox.addFault({
    on: 'token',
    times: ALWAYS,
    do: { kind: 'delay', ms: SAMSUNG_TAKES_MS },
  })
  try {
    const siege = besiege(context, world)
    for (const blow of drill.blows) await siege.strike(blow, drill)
    await siege.end()
  } finally {
    await world.close()
  }
}

/** A connection of our own, by the user who may do everything. */
async function openStore(topology: SentinelTopology, access: RedisAccess = {}): Promise<RigStore> {
  const { login, tls } = access
  const db = new Redis({
    sentinels: topology.sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    name: 'knox',
    failoverDetector: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 100,
    ...(login === undefined ? {} : { password: login.password }),
    ...(tls === undefined ? {} : { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  })
  db.on('error', () => {})
  const master = await topology.master()
  return { url: topology.url, db, server: master.server() }
}

/** Each way to lose a master, one after the other; each begins and ends with everything in order. */
export const sentinelBlows = (topology: SentinelTopology): readonly Blow[] => [
  killMaster(topology),
  stopMaster(topology),
  splitMaster(topology, 'peers', 'the master is split off from sentinels and replicas'),
  splitMaster(topology, 'all', 'the master is split off from everybody'),
]

function blowTo(
  topology: SentinelTopology,
  name: string,
  harm: (master: SentinelNode) => Promise<void> | void,
  undo: (master: SentinelNode) => Promise<void> | void,
): Blow {
  let struck: SentinelNode | undefined
  return {
    name,
    async strike() {
      struck = await topology.master()
      await harm(struck)
    },
    async mend() {
      if (struck !== undefined) await undo(struck)
      await topology.replicated()
    },
  }
}

export const killMaster = (topology: SentinelTopology): Blow =>
  blowTo(
    topology,
    'the master is killed',
    (master) => master.server().stop(),
    (master) => master.restart(),
  )

export const stopMaster = (topology: SentinelTopology): Blow => {
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => (master: SentinelNode) =>
    void process.kill(master.server().pid, name)
  return blowTo(topology, 'the master hangs', signal('SIGSTOP'), signal('SIGCONT'))
}

const splitMaster = (topology: SentinelTopology, whom: Cut, name: string): Blow =>
  blowTo(
    topology,
    name,
    (master) => master.cut(whom),
    (master) => master.cut('none'),
  )
