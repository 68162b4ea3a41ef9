import type { Operation } from '../../../../src/breaker/breaker.ts'
import { createOperatorBreaker } from '../../../../src/breaker/operator-breaker.ts'
import { createProbeAttempts } from '../../../../src/breaker/probe-attempts.ts'
import { createProber } from '../../../../src/breaker/prober.ts'
import { failing, knoxError, tokenError } from '../../vault/support/samsung.ts'
import { codeOf, createWorld, PROGRAM, type WorldOptions } from '../../vault/support/world.ts'
import { POLICY } from './program.ts'

/** The vault's real parts in several processes, each with a breaker and a prober. */
export function createHeldWorld(options: WorldOptions = {}) {
  const world = createWorld(options)
  const { clock, log, samsung } = world

  function process() {
    const raised: string[] = []
    const breaker = createOperatorBreaker({
      store: world.store,
      programIds: [PROGRAM],
      policy: POLICY,
      clock,
      log,
      metrics: { alarm() {}, alarmRaised: (program) => void raised.push(program) },
    })
    const replica = world.replica(world.store, breaker)
    const isRefreshHeld = (program: string) => breaker.isHeld(program, 'refresh')
    const prober = createProber({
      breaker,
      connections: replica.connections,
      attempts: createProbeAttempts({ ...replica, isRefreshHeld, clock }),
      probeIntervalMs: POLICY.probeIntervalMs,
      log,
    })
    return { ...replica, breaker, prober, raised }
  }

  /** So many connections whose access token has ended. */
  const connectMany = (count: number, renewable = true) =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        world.connect({ tenantRef: `tenant-${i}-${clock()}`, renewable }),
      ),
    )

  /** The next requests of a kind are refused for our credentials. */
  function refuseNext(operation: Operation, count: number): void {
    const step =
      operation === 'refresh'
        ? failing(tokenError('operator'))
        : failing(knoxError('operator', 'refused', '4012250'))
    const steps = operation === 'refresh' ? samsung.refreshSteps : samsung.mintSteps
    steps.push(...Array(count).fill(step))
  }

  return { ...world, process, connectMany, refuseNext }
}

export type HeldWorld = ReturnType<typeof createHeldWorld>
export type HeldProcess = ReturnType<HeldWorld['process']>

/** What each of these connections gets when it asks for a token. */
export const askAll = (process: HeldProcess, ids: readonly string[]): Promise<readonly string[]> =>
  Promise.all(ids.map((id) => codeOf(process.ask(id))))
