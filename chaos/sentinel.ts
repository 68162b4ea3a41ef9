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
import type { Scenario } from './scenario.ts'
import type { Blow } from './topology/blow.ts'
import { asAdmin, repeated, roundsOf, runDrill } from './topology/drill.ts'
import { SERVER_ARGS, SERVICE_MAY_TAKE_MS } from './topology/settings.ts'

const DOWN_AFTER_MS = 2_000
const CONNECTIONS = 30
const REPLICAS = 2
const MARGIN_MS = 3_000

/** Everything that takes a master away. */
export const sentinelScenario: Scenario = {
  name: 'sentinel',
  summary:
    'the master behind three sentinels is killed, stopped, split off during renewals: none is lost, back in time',
  takes: '100 s a round',
  argument: { name: 'rounds', default: '1' },
  async run(context) {
    const rounds = roundsOf(context)
    const { access, env } = await guardedAccess(context.cleanup)
    const topology = await startSentinelTopology({
      downAfterMs: DOWN_AFTER_MS,
      args: SERVER_ARGS,
      access,
    })
    context.cleanup.add(topology.stop)
    const store = await openSentinelStore(topology, access)
    context.cleanup.add(() => endStore(store))
    context.say('one master, two replicas, three sentinels, over TLS and as the least user')
    await runDrill(context, {
      ...{ store, env, connections: CONNECTIONS, replicas: REPLICAS },
      blows: repeated(rounds, sentinelBlows(topology)),
      withinMs: DOWN_AFTER_MS + SERVICE_MAY_TAKE_MS,
      marginMs: MARGIN_MS,
    })
  },
}

/** A connection of our own. */
export async function openSentinelStore(
  topology: SentinelTopology,
  access: RedisAccess = {},
): Promise<RigStore> {
  const master = await topology.master()
  const db = new Redis({
    ...asAdmin(access),
    sentinels: topology.sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    name: 'knox',
    failoverDetector: true,
    ...(access.tls === undefined ? {} : { sentinelTLS: {}, enableTLSForSentinelMode: true }),
  })
  db.on('error', () => {})
  // It gives up when news of a failover comes while it asks a sentinel.
  db.on('end', () => void setTimeout(() => db.connect().catch(() => {}), 100).unref())
  return { url: topology.url, db, server: master.server() }
}

/** Ends the connection for good. */
export function endStore({ db }: RigStore): void {
  db.removeAllListeners('end')
  db.disconnect()
}

/** Each way to lose a master, one after the other; each begins and ends with everything in order. */
const sentinelBlows = (topology: SentinelTopology): readonly Blow[] => [
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

const killMaster = (topology: SentinelTopology): Blow =>
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
