import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AuditSink } from '../audit/sink.ts'
import { createRedisAuditSink } from '../audit/sink-redis.ts'
import type { Checkpoint } from '../audit/verify.ts'
import type { Environment } from '../config/files.ts'
import { readRedisUrl } from '../config/read-config.ts'
import { createLog } from '../shared/log.ts'
import { UsageError } from './io.ts'

/** For one page of the trail, and for the connection. */
const TIMEOUT_MS = 5000

/** Opens the trail for reading. @throws ConfigError, or UsageError where there is none outside the service. */
export function openTrail(env: Environment): AuditSink {
  const url = readRedisUrl(env)
  if (url.reveal() === 'memory:')
    throw new UsageError('with REDIS_URL=memory: the trail is in the service and nowhere else')
  const forWriting = { retentionMs: 0, maxEntries: 0 }
  return createRedisAuditSink({
    url,
    timeoutMs: TIMEOUT_MS,
    ...forWriting,
    log: createLog('silent'),
  })
}

export interface PlacedLine {
  readonly text: string
  /** A stream id, or a line number. */
  readonly place: string
}

/** The lines of an export, or the entries in Redis. @throws UsageError for a file that cannot be read */
export async function* linesOf(
  file: string | undefined,
  env: Environment,
): AsyncIterable<PlacedLine> {
  if (file !== undefined) return yield* linesOfFile(file)
  const trail = openTrail(env)
  try {
    for await (const { id, text } of trail.read()) yield { text, place: id }
  } finally {
    await trail.close()
  }
}

async function* linesOfFile(path: string): AsyncIterable<PlacedLine> {
  const input = createReadStream(path)
  let number = 0
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1
      if (text !== '') yield { text, place: `line ${number}` }
    }
  } catch {
    throw new UsageError('a file that was named cannot be read')
  }
}

/** Every line that names a process, a sequence number and a hash; a log has others in between. */
export async function readCheckpoints(path: string | undefined): Promise<readonly Checkpoint[]> {
  const found: Checkpoint[] = []
  if (path === undefined) return found
  for await (const { text } of linesOfFile(path)) {
    const checkpoint = toCheckpoint(text)
    if (checkpoint !== null) found.push(checkpoint)
  }
  if (found.length === 0) throw new UsageError('the file of --checkpoints holds none')
  return found
}

function toCheckpoint(text: string): Checkpoint | null {
  try {
    const { process: processId, sequence: seq, hash, time } = JSON.parse(text)
    const isOne =
      typeof processId === 'string' && typeof seq === 'number' && typeof hash === 'string'
    if (!isOne || seq === 0) return null
    return { processId, seq, hash, ...(typeof time === 'string' ? { time } : {}) }
  } catch {
    return null
  }
}
