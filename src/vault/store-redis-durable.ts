import { Cluster, type Redis } from 'ioredis'
import { ServiceError } from '../shared/errors.ts'
import { classifyFailure, type RedisFailure, redirectionOf } from './redis-errors.ts'
import { createLane, type Lane } from './redis-lane.ts'
import { parseWrite } from './redis-replies.ts'
import { COMPARE_AND_SET } from './redis-scripts.ts'
import type { WriteResult } from './store.ts'
import type { RedisClient } from './store-redis-client.ts'
import { nodeAt, nodeOfKey } from './store-redis-nodes.ts'
import { argumentsOf, type SendWrite, type Write } from './store-redis-write.ts'

/** What a durable write has to reach. */
export interface Replication {
  /** How many replicas must have it. At least 1. */
  readonly replicas: number
  /** How long `WAIT` may take; shorter than the time-out of a command. */
  readonly timeoutMs: number
}

/** A write on its way to a certain server of the cluster. */
interface Passage {
  readonly write: Write
  /** The slot is being moved there: the server must be asked for the key explicitly. */
  readonly asking: boolean
}

type PassageLane = Lane<Passage, WriteResult>

/** A slot that has moved, and is on its way again. */
const MAX_REDIRECTIONS = 3

export interface DurableSendDeps {
  readonly client: RedisClient
  readonly replication: Replication
  /** Told of a `WAIT` that failed although the writes before it did not. */
  readonly report: (failure: RedisFailure) => void
}

/**
 * Creates the sender of durable writes: the scripts and, behind them, one `WAIT`, in one pipeline to the
 * server that has the keys.
 *
 * `WAIT` holds up whatever comes after it on its connection, so writes that come meanwhile go together
 * behind it. The scripts are sent whole, never by hash: for one that the server does not know, the
 * client would send it once more by itself, behind the `WAIT` that was to tell of it.
 */
export function createDurableSend(deps: DurableSendDeps): SendWrite {
  const { client } = deps
  const lanes = new WeakMap<Redis, PassageLane>()

  function laneTo(node: Redis): PassageLane {
    const lane = lanes.get(node) ?? createLane((batch) => sendBatch(node, batch, deps))
    lanes.set(node, lane)
    return lane
  }

  return async (write) => {
    let node = nodeOfKey(client, write.key)
    if (node === undefined || isAway(node)) throw lost(client)
    let asking = false
    for (let left = MAX_REDIRECTIONS; ; left -= 1) {
      try {
        return await laneTo(node).send({ write, asking })
      } catch (error) {
        const redirection = redirectionOf(error)
        if (redirection === undefined) throw error
        const next = nodeAt(client, redirection.place)
        if (next === undefined || left === 0 || isAway(next)) throw lost(client)
        node = next
        asking = redirection.asking
      }
    }
  }
}

/**
 * A node of a cluster keeps what it cannot send, and would send it once it is back: long after the caller
 * was told that nobody knows. A node that is being connected to for the first time is not away.
 */
const isAway = ({ status }: Redis): boolean =>
  status === 'reconnecting' || status === 'close' || status === 'end'

/** Nothing was sent, or a redirection was the answer; who has the slot now is asked at once. */
function lost(client: RedisClient): ServiceError {
  if (client instanceof Cluster) client.refreshSlotsCache()
  return new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
}

async function sendBatch(
  node: Redis,
  batch: readonly Passage[],
  { replication: { replicas, timeoutMs }, report }: DurableSendDeps,
): Promise<readonly PromiseSettledResult<WriteResult>[]> {
  const pipeline = node.pipeline()
  const positions = batch.map(({ write, asking }) => {
    if (asking) pipeline.asking()
    const position = pipeline.length
    pipeline.eval(COMPARE_AND_SET, 1, ...argumentsOf(write), 'wait')
    return position
  })
  pipeline.wait(replicas, timeoutMs)
  const replies: readonly Reply[] = (await pipeline.exec()) ?? []
  const errors = positions.map((position) => replies[position]?.[0] ?? null)
  if (errors.every(isSilence)) throw errors[0]
  const reached = countReplicas(replies.at(-1), report) >= replicas
  return positions.map((position) => answerOf(replies[position], reached))
}

type Reply = readonly [error: Error | null, result: unknown]

const isSilence = (error: Error | null): boolean =>
  error !== null && !classifyFailure(error).byServer

/** How many replicas have what was written; 0 when `WAIT` was not answered. */
function countReplicas(reply: Reply | undefined, report: DurableSendDeps['report']): number {
  const [error, count] = reply ?? [null, 0]
  if (error !== null) report(classifyFailure(error))
  return error === null && typeof count === 'number' ? count : 0
}

function answerOf(reply: Reply | undefined, reached: boolean): PromiseSettledResult<WriteResult> {
  const [error, result] = reply ?? [null, undefined]
  if (error !== null) return { status: 'rejected', reason: error }
  try {
    const { outcome, serverNow, hasWritten } = parseWrite(result)
    return { status: 'fulfilled', value: { outcome, serverNow, durable: hasWritten && reached } }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}
