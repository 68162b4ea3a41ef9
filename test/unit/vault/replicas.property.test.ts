import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { failing, HOUR, held, MINUTE, type Step, tokenError } from './support/samsung.ts'
import { codeOf, createWorld, tokenOf } from './support/world.ts'

/*
 * Three processes over one store, and a Samsung that fails in every way and at every moment. Whatever
 * happens, nobody gets a wrong or dead token, no token is spent twice without need, and a customer is
 * asked to consent again only when the one living refresh token was really lost.
 */

/** Whether the request reached Samsung and was acted on, with nobody left to hear of it. */
type Fault = 'refused' | 'unheard' | 'lost' | 'crash' | 'crash_lost' | 'slow'

const FAULTS: Readonly<Record<Exclude<Fault, 'crash' | 'crash_lost' | 'slow'>, readonly Step[]>> = {
  refused: (['not_sent', 'transient', 'operator'] as const).map((kind) =>
    failing(tokenError(kind)),
  ),
  unheard: [failing(tokenError('ambiguous', 'timeout'))],
  lost: [failing(tokenError('ambiguous', 'timeout'), 'after')],
}

type Event =
  | { readonly do: 'ask'; readonly replica: number }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'fault'; readonly fault: Fault; readonly pick: number }

const replica = fc.integer({ min: 0, max: 2 })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), replica }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      ms: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: MINUTE, max: 2 * HOUR })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      fault: fc.constantFrom<Fault>('refused', 'unheard', 'lost', 'crash', 'crash_lost', 'slow'),
      pick: fc.nat(2),
    }),
  },
)

async function play(rotation: 'rotate' | 'none', events: readonly Event[]) {
  // Real milliseconds: a caller gives up on a process that died in its background.
  const world = createWorld({ rotation, settings: { waitMs: 20 } })
  const id = await world.connect()
  const replicas = [world.replica(), world.replica(), world.replica()]
  const outcomes = replicas.map((one) => one.outcomes)
  let hasCrashed = false
  const slow: (() => void)[] = []
  const used = { lost: 0, vanished: 0 }
  const wrong: string[] = []

  /** Lets time go by until the work has ended, or a process has died. */
  async function settle(work: Promise<unknown>): Promise<void> {
    let hasEnded = false
    const end = () => {
      hasEnded = true
    }
    work.then(end, end)
    while (!hasEnded && !hasCrashed) {
      for (let i = 0; i < 5; i++) await turn()
      for (const release of slow.splice(0)) release()
      if (!hasEnded) world.advance(250)
    }
  }

  async function ask(index: number): Promise<void> {
    const now = world.clock()
    const asking = replicas[index]?.ask(id) ?? Promise.reject(new Error('no replica'))
    asking.then(
      (handOut) => {
        const isRight = tokenOf(handOut).endsWith('-of-ada') && handOut.expiresAt > now
        if (!isRight) wrong.push(tokenOf(handOut))
      },
      () => {},
    )
    await settle(asking)
    if (!hasCrashed) return
    hasCrashed = false
    const next = world.replica()
    replicas[index] = next
    outcomes.push(next.outcomes)
  }

  function plan({ fault, pick }: Extract<Event, { do: 'fault' }>): void {
    const count = (kind: 'lost' | 'vanished', step: Step, when: 'before' | 'after'): Step => ({
      [when]: async () => {
        used[kind] += 1
        await step[when]?.()
      },
    })
    if (fault === 'crash' || fault === 'crash_lost' || fault === 'slow') {
      const when = fault === 'crash_lost' ? 'after' : 'before'
      const { step, arrived, release } = held(when)
      if (fault === 'slow') {
        void arrived.then(() => slow.push(release))
        world.samsung.refreshSteps.push(step)
        return
      }
      void arrived.then(() => {
        hasCrashed = true
      })
      const kind = fault === 'crash_lost' ? 'lost' : 'vanished'
      world.samsung.refreshSteps.push(count(kind, step, when))
      return
    }
    const steps = FAULTS[fault]
    const step = steps[pick % steps.length] ?? {}
    if (fault === 'lost') world.samsung.refreshSteps.push(count('lost', step, 'after'))
    else if (fault === 'unheard') world.samsung.refreshSteps.push(count('vanished', step, 'before'))
    else world.samsung.refreshSteps.push(step)
  }

  for (const one of events) {
    if (one.do === 'tick') world.advance(one.ms)
    else if (one.do === 'fault') plan(one)
    else await ask(one.replica)
  }
  world.samsung.refreshSteps.length = 0
  hasCrashed = false
  world.advance(3 * HOUR)
  const last = codeOf(world.replica().ask(id))
  await settle(last)
  expect(wrong).toEqual([])
  return { world, id, used, code: await last, outcomes: outcomes.flat() }
}

it('asks for consent again only where the one living token was lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 6, maxLength: 25 }), async (events) => {
      const { code, used } = await play('rotate', events)

      if (code === 'consent_required') expect(used.lost).toBeGreaterThan(0)
      else expect(code).toBe('resolved')
    }),
    { numRuns: 200 },
  )
})

it('never asks for consent again where Samsung does not rotate', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 6, maxLength: 25 }), async (events) => {
      expect((await play('none', events)).code).toBe('resolved')
    }),
    { numRuns: 100 },
  )
})

it('presents a refresh token twice only after an outcome that nobody heard, or a plain refusal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 6, maxLength: 25 }), async (events) => {
      const { world, used, outcomes } = await play('rotate', events)

      const twice = world.samsung.spent.length - new Set(world.samsung.spent).size
      const refused = outcomes.filter((one) =>
        ['not_sent', 'transient_upstream', 'operator_refused'].includes(one),
      ).length
      expect(twice).toBeLessThanOrEqual(used.lost + used.vanished + refused)
    }),
    { numRuns: 100 },
  )
})
