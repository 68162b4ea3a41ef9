import fc from 'fast-check'
import type { Actions, Place } from './actions.ts'
import type { Callers } from './callers.ts'
import { POINTS, type Strike } from './process.ts'
import { SAMSUNG_FAULTS } from './samsung-ports.ts'
import { CONNECTIONS, LONG_GRACE_MS, MAX_SKEW_MS, type Setup, SLOTS } from './setup.ts'
import { STORE_FAULTS } from './store-line.ts'
import { ACCESS_LIFE_MS } from './watch.ts'
import type { World } from './world.ts'

/** What commands act on. */
export interface Real {
  readonly world: World
  readonly callers: Callers
  readonly actions: Actions
}

/** Everything there is to know is checked against Samsung’s own truth, which is part of {@link Real}. */
export type Model = Record<string, never>

export type Command = fc.AsyncCommand<Model, Real>

const SECOND = 1000

function command<T>(
  arbitrary: fc.Arbitrary<T>,
  describe: (parameters: T) => string,
  act: (actions: Actions, parameters: T) => void | Promise<void>,
): fc.Arbitrary<Command> {
  return arbitrary.map((parameters) => ({
    check: () => true,
    async run(_model, { world, callers, actions }) {
      world.report.trace('>>>', describe(parameters))
      await act(actions, parameters)
      await world.time.settle()
      callers.checkPatience()
      world.report.check()
    },
    toString: () => describe(parameters),
  }))
}

const slot = fc.nat(SLOTS - 1)
const connection = fc.nat(CONNECTIONS - 1)
const place: fc.Arbitrary<Place> = fc.oneof(slot, fc.constant('all' as const))

const ms = (min: number, max: number) => fc.integer({ min, max })
const someTime = fc.oneof(
  { weight: 3, arbitrary: ms(1, 300) },
  { weight: 3, arbitrary: ms(300, 6 * SECOND) },
  { weight: 2, arbitrary: ms(6 * SECOND, 40 * SECOND) },
  // Long enough for tokens to be due, or to end.
  { weight: 3, arbitrary: ms(ACCESS_LIFE_MS / 2, ACCESS_LIFE_MS + 10 * SECOND) },
)

const strike: fc.Arbitrary<Strike> = fc.record({
  what: fc.constantFrom('kill' as const, 'stop' as const),
  at: fc.constantFrom('now' as const, 'any' as const, ...POINTS),
  after: fc.nat(6),
  forMs: ms(SECOND, 30 * SECOND),
})

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const call = (name: string) => (parameters: object) =>
  `${name}(${Object.values(parameters).map(show).join(', ')})`

const ask = command(
  fc.record({ slot, connection, isRefused: fc.boolean() }),
  call('ask'),
  (actions, it) => actions.ask(it.slot, it.connection, it.isRefused),
)
const herd = command(fc.constant({}), call('herd'), (actions) => actions.herd())
const tick = command(fc.record({ ms: someTime }), call('tick'), (actions, it) =>
  actions.tick(it.ms),
)
const busy = command(fc.record({ ms: ms(100, 16 * SECOND) }), call('busy'), (actions, it) =>
  actions.busy(it.ms),
)
const ripen = command(fc.constant({}), call('ripen'), (actions) => actions.ripen())
const strikeAt = command(fc.record({ slot, strike }), call('strike'), (actions, it) =>
  actions.strike(it.slot, it.strike),
)
const restart = command(fc.record({ slot }), call('restart'), (actions, it) =>
  actions.restart(it.slot),
)
const failStore = command(
  fc.record({
    place,
    fault: fc.constantFrom(...STORE_FAULTS),
    // One call meets so many at most before it is given up; some go beyond.
    times: fc.constantFrom(1, 2, 4, 5, 8),
  }),
  call('failStore'),
  (actions, it) => actions.failStore(it.place, Array(it.times).fill(it.fault)),
)
const cutStore = command(
  fc.record({ place, forMs: ms(100, 20 * SECOND) }),
  call('cutStore'),
  (actions, it) => actions.cutStore(it.place, it.forMs),
)
const failover = command(
  fc.record({ kind: fc.constantFrom('promised' as const, 'beyond' as const), count: ms(0, 6) }),
  call('failover'),
  (actions, it) => actions.failover(it.kind, it.count),
)
const failSamsung = command(
  fc.record({ fault: fc.constantFrom(...SAMSUNG_FAULTS), times: ms(1, 2) }),
  call('failSamsung'),
  (actions, it) => actions.failSamsung(Array(it.times).fill(it.fault)),
)
const refuseClient = command(
  fc.record({ forMs: ms(SECOND, 120 * SECOND) }),
  call('refuseClient'),
  (actions, it) => actions.refuseClient(it.forMs),
)
const withdrawAccess = command(fc.record({ connection }), call('withdrawAccess'), (actions, it) =>
  actions.withdrawAccess(it.connection),
)
const revoke = command(fc.record({ connection }), call('revoke'), (actions, it) =>
  actions.revoke(it.connection),
)
const remove = command(fc.record({ slot, connection }), call('remove'), (actions, it) =>
  actions.remove(it.slot, it.connection),
)
const reconnect = command(fc.record({ slot, connection }), call('reconnect'), (actions, it) =>
  actions.reconnect(it.slot, it.connection),
)

/** `fc.commands` takes its arbitraries in equal shares. */
const shares: readonly (readonly [number, fc.Arbitrary<Command>])[] = [
  [5, ask],
  [2, herd],
  [8, tick],
  [3, busy],
  [4, ripen],
  [4, strikeAt],
  [2, restart],
  [4, failStore],
  [2, cutStore],
  [2, failover],
  [4, failSamsung],
  [1, refuseClient],
  [1, withdrawAccess],
  [1, revoke],
  [1, remove],
  [2, reconnect],
]

const MAX_COMMANDS = 50

export function someCommands(replayPath?: string): fc.Arbitrary<Iterable<Command>> {
  const arbitraries = shares.flatMap(([share, one]) =>
    Array<fc.Arbitrary<Command>>(share).fill(one),
  )
  const constraints = { maxCommands: MAX_COMMANDS, size: 'max' as const }
  return fc.commands(arbitraries, {
    ...constraints,
    ...(replayPath === undefined ? {} : { replayPath }),
  })
}

const skew = fc.constantFrom(0, 0, -MAX_SKEW_MS, MAX_SKEW_MS)

export const someSetup: fc.Arbitrary<Setup> = fc.record({
  rotation: fc.constantFrom('none', 'rotate', 'grace', 'reuse_revokes'),
  isKnown: fc.constantFrom(true, true, false),
  graceMs: fc.constantFrom(30 * SECOND, LONG_GRACE_MS),
  hasBreaker: fc.constantFrom(false, false, true),
  skewsMs: fc.tuple(skew, skew, skew),
  seed: fc.nat(),
})
