import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { moveSlots, openClusterStore, stopNode } from '../../chaos/cluster.ts'
import { runDrill } from '../../chaos/topology/drill.ts'
import { SERVER_ARGS, SERVICE_MAY_TAKE_MS } from '../../chaos/topology/settings.ts'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey, type Store } from '../../src/vault/store.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { type ClusterTopology, startClusterTopology } from '../support/redis-cluster-topology.ts'
import { openRedisSubject } from '../support/redis-subject.ts'

const NODE_TIMEOUT_MS = 1000
const TIMEOUT_MS = 300
/** The time-out of a call, and what a busy machine takes. */
const SOON_MS = TIMEOUT_MS + 1000
const AT_A_TIME = 100
const WAIT = { replication: { replicas: 1, timeoutMs: 200 } }

const cleanup = createCleanup()
let topology: ClusterTopology

beforeAll(async () => {
  topology = await startClusterTopology({
    nodeTimeoutMs: NODE_TIMEOUT_MS,
    replicasPerMaster: 2,
    args: SERVER_ARGS,
  })
  cleanup.add(topology.stop)
}, 60_000)
afterAll(cleanup.run)

const signalAll = (name: 'SIGSTOP' | 'SIGCONT'): void => {
  for (const node of topology.nodes) process.kill(node.server().pid, name)
}

it('loses no renewal when slots are moved and a master of the cluster hangs, and is back in time', async () => {
  const store = openClusterStore(topology)
  cleanup.add(() => store.db.disconnect())
  const said: string[] = []
  const problems: string[] = []
  const context = {
    entry: 'src/main.ts',
    argument: '',
    say: (line: string) => void said.push(line),
    problem: (what: string) => void problems.push(what),
    cleanup,
  }

  await runDrill(context, {
    ...{ store, connections: 6, replicas: 1 },
    blows: [moveSlots(topology, 300), stopNode(topology)],
    withinMs: NODE_TIMEOUT_MS + SERVICE_MAY_TAKE_MS,
    marginMs: 500,
    quietMs: 1000,
  })

  expect({ problems, said }).toEqual({ problems: [], said: expect.any(Array) })
  expect(said.join('\n').match(/store_primary_changed × [1-9]/g)).toHaveLength(2)
}, 60_000)

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
const heapUsed = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Reads and writes at random places; what became of each. */
async function callMany(store: Store, count: number): Promise<readonly string[]> {
  const outcomes: string[] = []
  for (let left = count; left > 0; left -= AT_A_TIME) {
    const calls = Array.from({ length: AT_A_TIME }, async (_, n) => {
      const key = documentKey(`conn_${newAttemptId()}`)
      const options = { durable: n % 4 === 1 }
      const call =
        n % 2 === 0 ? store.read(key) : store.compareAndSet(key, 0, key, newAttemptId(), options)
      return call.then(
        (result) => ('outcome' in result ? result.outcome : 'read'),
        ({ code }) => String(code),
      )
    })
    const startedAt = performance.now()
    outcomes.push(...(await Promise.all(calls)))
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
  }
  return outcomes
}

it('refuses in time while the whole cluster hangs, keeps nothing of it, and comes back with it', async () => {
  const { store } = await openRedisSubject(topology.url, cleanup, {
    timeoutMs: TIMEOUT_MS,
    ...WAIT,
  })
  const key = documentKey(`conn_${newAttemptId()}`)
  await store.compareAndSet(key, 0, 'before', newAttemptId(), { durable: true })
  signalAll('SIGSTOP')
  await callMany(store, 300)
  const before = heapUsed()
  const outcomes = await callMany(store, 1000)
  const grown = heapUsed() - before
  signalAll('SIGCONT')

  expect([...new Set(outcomes)].toSorted()).toEqual(['ambiguous', 'store_unavailable'])
  expect(grown).toBeLessThan(4_000_000)
  await eventually(async () => (await store.read(key)).document?.text === 'before', 30_000)
  await eventually(async () => {
    const again = await store.compareAndSet(key, 1, 'after', 'after-write', { durable: true })
    return again.durable
  }, 30_000)
}, 120_000)
