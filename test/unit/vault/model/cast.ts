import { AsyncLocalStorage } from 'node:async_hooks'
import { sleep } from '../../../../src/shared/time.ts'
import type { KeyRing } from '../../../../src/vault/envelope.ts'
import { createProcess, type Process } from './process.ts'
import type { Random } from './random.ts'
import { type Replica, startReplica } from './replica.ts'
import type { Report } from './report.ts'
import { policyOf, type Setup, SLOTS } from './setup.ts'
import { createStoreLine, type StoreLine } from './store-line.ts'
import type { VirtualTime } from './virtual-time.ts'
import type { Watch } from './watch.ts'

/** The processes of the service: one in each place, and those that were there before. */
export interface Cast {
  /** The network of each place. */
  readonly lines: readonly StoreLine[]
  /** The process that runs in a place now. */
  replica(slot: number): Replica
  /** All that ever ran. */
  processes(): readonly Process[]
  /** Starts another process in the place of one, which goes on. One that ends by itself is replaced at once. */
  replace(slot: number): void
  /** Lets those know of a failover who want to. */
  tellOfFailover(): void
}

export interface CastDeps {
  readonly setup: Setup
  readonly time: VirtualTime
  readonly random: Random
  readonly report: Report
  readonly watch: Watch
  readonly keyRing: KeyRing
}

interface Listener {
  readonly process: Process
  readonly tell: () => void
}

/** Soon after the change, and again in case it was too soon. */
const TOLD_WITHIN_MS = [1_500, 5_000]

export function createCast(deps: CastDeps): Cast {
  const { setup, time, random, report, watch, keyRing } = deps
  const { samsung, server, logs, truth } = watch
  const { now } = time
  const listeners: Listener[] = []
  const onListener = (process: Process, tell: () => void) => void listeners.push({ process, tell })
  const lines = Array.from({ length: SLOTS }, () =>
    createStoreLine({ server, random, now, onListener }),
  )
  const all: Process[] = []
  const replicas = new Map<number, Replica>()
  // A process that starts as another ends must not go on the other's account.
  const fromOutside = AsyncLocalStorage.snapshot()

  function start(slot: number, line: StoreLine): void {
    const skewMs = setup.skewsMs[slot] ?? 0
    const process = createProcess({ name: `p${all.length}@${slot}`, slot, skewMs, now })
    const replica = startReplica({
      process,
      store: line.storeOf(process),
      account: samsung.accountOf(process),
      knox: samsung.knoxOf(process),
      keyRing,
      rotation: policyOf(setup),
      hasBreaker: setup.hasBreaker,
      log: logs.logOf(process),
    })
    all.push(process)
    replicas.set(slot, replica)
    process.onEnd(() => {
      end(process)
      if (replicas.get(slot) === replica) fromOutside(() => start(slot, line))
    })
  }

  function end(process: Process): void {
    const reason = process.end()?.reason
    report.trace(process.name, `ended: ${reason}`)
    const isCut = truth.presentations.some((one) => one.process === process && !one.hasEnded)
    if (reason === 'drained' && isCut) report.problem('a process has left before a renewal ended')
  }

  async function tell({ process, tell: tellIt }: Listener): Promise<void> {
    for (const withinMs of TOLD_WITHIN_MS) {
      await sleep(1 + random.below(withinMs))
      await process.running()
      tellIt()
    }
  }

  for (const [slot, line] of lines.entries()) start(slot, line)

  return {
    lines,
    replica(slot) {
      const found = replicas.get(slot)
      if (found === undefined) throw new RangeError('there is no such place')
      return found
    },
    processes: () => all,
    replace(slot) {
      for (const line of lines.slice(slot, slot + 1)) start(slot, line)
    },
    tellOfFailover() {
      for (const listener of listeners) void tell(listener)
    },
  }
}
