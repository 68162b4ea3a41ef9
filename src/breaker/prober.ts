import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { sleep } from '../shared/time.ts'
import { createUnderWay } from '../shared/under-way.ts'
import type { Connections, Snapshot } from '../vault/connections.ts'
import type { Guard } from './guard.ts'
import type { OperatorBreaker } from './operator-breaker.ts'
import type { Fitness, ProbeAttempts } from './probe-attempts.ts'

/** Finds out, while a program is held, whether Samsung accepts its credentials again. */
export interface Prober {
  /** One look at everything that is held; resolves when the attempts it made have ended. Never throws. */
  look(): Promise<void>
  /** Looks again and again until stopped. */
  start(): void
  stop(): void
  /** Resolves when no attempt is under way. */
  idle(): Promise<void>
}

export interface ProberDeps {
  readonly breaker: Pick<OperatorBreaker, 'holding'>
  readonly connections: Pick<Connections, 'read'>
  readonly attempts: ProbeAttempts
  readonly probeIntervalMs: number
  readonly log: Log
}

/** How many connections one look may look at. */
const MAX_LOOKS = 8
/** So much of an interval may pass before somebody notices that an attempt is due, and at most so long. */
const LOOKS_PER_INTERVAL = 8
const MAX_PAUSE_MS = 250

/** Creates the prober of one process. */
export function createProber(deps: ProberDeps): Prober {
  const { breaker, connections, attempts, probeIntervalMs, log } = deps
  const underWay = createUnderWay()
  const busy = new Set<Guard>()
  let isStopped = false

  async function readCandidate(id: string): Promise<Snapshot | null> {
    try {
      return await connections.read(id)
    } catch (error) {
      // The sweep reports a record that nobody can read.
      if (error instanceof ServiceError && error.code === 'record_unreadable') return null
      throw error
    }
  }

  function fitnessOf({ operation }: Guard, snapshot: Snapshot | null): Fitness {
    return snapshot === null ? 'gone' : attempts.fitness(operation, snapshot)
  }

  /** @returns whether this was the interval's attempt: one that ended before Samsung was asked is not. */
  async function attempt(guard: Guard, id: string, snapshot: Snapshot): Promise<boolean> {
    const { programId, operation } = guard
    try {
      await guard.probing.attempt(id, () => attempts.make(operation, snapshot))
    } catch (error) {
      if (!(error instanceof ServiceError)) log.error('probe_failed', { programId, error })
    }
    const isOver = guard.alarm() === undefined
    return isOver || fitnessOf(guard, await readCandidate(id)) !== 'gone'
  }

  async function probe(guard: Guard): Promise<void> {
    const { probing } = guard
    if (!(await probing.isDue())) return
    let isOurs = false
    for (const id of probing.candidates().slice(0, MAX_LOOKS)) {
      const snapshot = await readCandidate(id)
      const fitness = fitnessOf(guard, snapshot)
      if (fitness === 'later') probing.defer(id)
      if (fitness === 'ready' && snapshot !== null) {
        isOurs ||= await probing.claim()
        if (!isOurs || (await attempt(guard, id, snapshot))) return
      }
      if (fitness !== 'later') await probing.passOver(id)
    }
    if (probing.candidates().length === 0) await probing.giveUp()
  }

  async function probeAlone(guard: Guard): Promise<void> {
    if (busy.has(guard)) return
    busy.add(guard)
    try {
      await probe(guard)
    } catch (error) {
      // Without the store there is nothing to find out.
      if (!(error instanceof ServiceError))
        log.error('probe_failed', { programId: guard.programId, error })
    } finally {
      busy.delete(guard)
    }
  }

  async function look(): Promise<void> {
    await Promise.all(breaker.holding().map((guard) => underWay.track(probeAlone(guard))))
  }

  async function goOnLooking(): Promise<void> {
    const pauseMs = Math.min(MAX_PAUSE_MS, probeIntervalMs / LOOKS_PER_INTERVAL)
    while (!isStopped) {
      void look()
      await sleep(pauseMs)
    }
  }

  return {
    look,
    start: () => void goOnLooking(),
    stop() {
      isStopped = true
    },
    idle: underWay.idle,
  }
}
