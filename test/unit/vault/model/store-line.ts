import { ServiceError } from '../../../../src/shared/errors.ts'
import { type EpochMs, sleep } from '../../../../src/shared/time.ts'
import type { Store, WriteOptions, WriteResult } from '../../../../src/vault/store.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import type { StoreServer, Write } from './store-server.ts'

/**
 * What becomes of one call to the store.
 *
 * `unavailable`: refused at once. `unanswered`: never arrives. `applied_unanswered`: a write that arrives and
 * nobody hears of. `applied_late`: the same, and it arrives when nobody waits any more. `not_durable`: a
 * write that too few replicas have. `slow`: answered within the time a call may take.
 */
export const STORE_FAULTS = [
  'unavailable',
  'unanswered',
  'applied_unanswered',
  'applied_late',
  'not_durable',
  'slow',
] as const

export type StoreFault = (typeof STORE_FAULTS)[number]

/** A call is given up after this time; `store.timeout`. */
const TIMEOUT_MS = 1000
const AMBIGUOUS: WriteResult = { outcome: 'ambiguous', durable: false }
const FOR_WRITES: readonly StoreFault[] = ['applied_unanswered', 'applied_late', 'not_durable']

/** The network between one place in which processes run and the store. */
export interface StoreLine {
  /** The next calls meet these, one each; what only a write can meet waits for one. */
  fail(faults: readonly StoreFault[]): void
  /** Nothing gets through until then. */
  cut(until: EpochMs): void
  mend(): void
  /** The store as a process in this place sees it. */
  storeOf(process: Process): Store
}

export interface StoreLineDeps {
  readonly server: StoreServer
  readonly random: Random
  readonly now: () => EpochMs
  readonly onListener: (process: Process, listener: () => void) => void
}

const unavailable = () => new ServiceError('store_unavailable', { retryAfterSeconds: 1 })

export function createStoreLine({ server, random, now, onListener }: StoreLineDeps): StoreLine {
  let faults: StoreFault[] = []
  let cutUntil: EpochMs = 0

  function nextFault(process: Process, write?: WriteOptions): StoreFault | undefined {
    const isDown = now() < cutUntil
    const [queued] = faults
    const waits =
      queued === undefined ||
      (write === undefined && FOR_WRITES.includes(queued)) ||
      (queued === 'not_durable' && write?.durable !== true)
    const fault = isDown ? 'unavailable' : waits ? undefined : faults.shift()
    if (fault !== undefined) process.noteStoreFault()
    return fault
  }

  /** Mostly nothing: then what one moment holds is decided by the order of promises. */
  async function travel(fault?: StoreFault): Promise<void> {
    const ms = fault === 'slow' ? 100 + random.below(350) : random.pick(0, 0, 0, 1, 2, 5)
    if (ms > 0) await sleep(ms)
  }

  async function noAnswer(process: Process): Promise<void> {
    process.noteStoreFault()
    await sleep(TIMEOUT_MS)
    await process.pass('store_answered')
  }

  async function read<T>(process: Process, ask: (memory: Store) => Promise<T>): Promise<T> {
    await process.pass('store_sent')
    const fault = nextFault(process)
    const sentIn = server.epoch()
    if (fault !== 'unavailable') await travel(fault)
    if (fault === 'unanswered' || server.epoch() !== sentIn) {
      await noAnswer(process)
      throw unavailable()
    }
    const answer = fault === 'unavailable' ? null : { is: await ask(server.memory()) }
    await travel(fault)
    await process.pass('store_answered')
    if (answer === null) throw unavailable()
    return answer.is
  }

  async function arriveLate(write: Write, sentIn: number): Promise<void> {
    await sleep(TIMEOUT_MS + random.below(2000))
    if (server.epoch() === sentIn) await server.apply({ ...write, isLate: true })
  }

  async function send(write: Write): Promise<WriteResult> {
    const { process, options } = write
    await process.pass('store_sent')
    const fault = nextFault(process, options)
    if (fault === 'unavailable') {
      await process.pass('store_answered')
      throw unavailable()
    }
    const sentIn = server.epoch()
    if (fault === 'applied_late') void arriveLate(write, sentIn)
    await travel(fault)
    const isLost = fault === 'unanswered' || fault === 'applied_late'
    if (isLost || server.epoch() !== sentIn) {
      await noAnswer(process)
      return AMBIGUOUS
    }
    const { result, upTo } = await server.apply(write)
    await travel(fault)
    if (fault === 'applied_unanswered' || server.epoch() !== sentIn) {
      await noAnswer(process)
      return AMBIGUOUS
    }
    const durable = result.durable && fault !== 'not_durable'
    if (durable) server.replicated(upTo)
    await process.pass('store_answered')
    server.watcher.answered(write, { ...result, durable })
    return { ...result, durable }
  }

  return {
    fail: (more) => void faults.push(...more),
    cut: (until) => {
      cutUntil = Math.max(cutUntil, until)
    },
    mend: () => {
      faults = []
      cutUntil = 0
    },
    storeOf: (process) => ({
      // Which connections there are is not in question here.
      ...server.memory(),
      read: (key) => read(process, (memory) => memory.read(key)),
      version: (key) => read(process, (memory) => memory.version(key)),
      compareAndSet: (key, revision, text, writeId, options = {}) =>
        send({ process, key, revision, text, writeId, options }),
      onPrimaryChange: (listener) => onListener(process, listener),
    }),
  }
}
