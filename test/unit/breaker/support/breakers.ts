import type { BreakerPolicy } from '../../../../src/breaker/breaker-transitions.ts'
import { createOperatorBreaker } from '../../../../src/breaker/operator-breaker.ts'
import { createLog } from '../../../../src/shared/log.ts'
import type { Store } from '../../../../src/vault/store.ts'
import { createMemoryStore } from '../../../../src/vault/store-memory.ts'
import { createFaultyStore } from '../../vault/support/faulty-store.ts'
import { POLICY, T0 } from './program.ts'

export const PROGRAM = 'emm-eu'

/** Counts what is asked of a store. */
function counting(store: Store) {
  const calls = { read: 0, version: 0, compareAndSet: 0 }
  const counted: Store = {
    ...store,
    read: (key) => {
      calls.read += 1
      return store.read(key)
    },
    version: (key) => {
      calls.version += 1
      return store.version(key)
    },
    compareAndSet: (...args) => {
      calls.compareAndSet += 1
      return store.compareAndSet(...args)
    },
  }
  return { store: counted, calls }
}

/** Processes with a breaker each, over one memory store. */
export function createBreakers(policy: BreakerPolicy = POLICY) {
  let now = T0
  const clock = () => now
  const memory = createMemoryStore({ clock })

  /** @param skewMs - How far this process's clock is ahead of the store's. */
  function join(programIds: readonly string[] = [PROGRAM, 'emm-us'], skewMs = 0) {
    const lines: string[] = []
    const gauge = new Map<string, boolean>()
    const raised: string[] = []
    const { store: counted, calls } = counting(memory)
    const faulty = createFaultyStore(counted)
    const breaker = createOperatorBreaker({
      store: faulty.store,
      programIds,
      policy,
      clock: () => now + skewMs,
      log: createLog('debug', { write: (line) => void lines.push(line) }),
      metrics: {
        alarm: (program, operation, isOn) => void gauge.set(`${program} ${operation}`, isOn),
        alarmRaised: (program) => void raised.push(program),
      },
    })
    return {
      ...breaker,
      breaker,
      calls,
      faulty,
      raised,
      gauge,
      events: (name: string) =>
        lines.map((line) => JSON.parse(line)).filter(({ event }) => event === name),
    }
  }

  return {
    clock,
    memory,
    join,
    advance(ms: number) {
      now += ms
    },
  }
}

export type Process = ReturnType<ReturnType<typeof createBreakers>['join']>
