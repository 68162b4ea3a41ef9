import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { ScenarioContext } from '../scenario.ts'
import { eventsNamed } from './events.ts'
import type { Heard } from './heard.ts'
import { nameOf } from './ledger.ts'
import { isOwnLiveToken } from './owners.ts'
import type { Ask } from './traffic.ts'
import type { Tenant } from './truth.ts'
import type { World } from './world.ts'

type Voice = Pick<ScenarioContext, 'say' | 'problem'>

/** Judges every answer as it comes: 2xx, or 503 that says when to come again, and nobody else's token. */
export interface Manners {
  check(ask: Ask, tenant: Tenant, answer: Heard): void
  /** Tells what was wrong, each kind once. */
  report(): void
}

/** @param excused - Answers that are in order although they are neither. */
export function judgeManners(
  { problem }: Voice,
  sandbox: Sandbox,
  excused: (answer: Heard) => boolean = () => false,
): Manners {
  const faults = new Map<string, number>()
  const note = (what: string) => void faults.set(what, (faults.get(what) ?? 0) + 1)

  return {
    check(ask, tenant, answer) {
      const { status, retryAfter } = answer
      const isGood = status >= 200 && status < 300
      const isPolite = status === 503 && retryAfter !== null
      if (!isGood && !isPolite && !excused(answer)) note(`${ask} was answered ${nameOf(answer)}`)
      const isToken = ask === 'token' || ask === 'replace'
      if (isToken && isGood && !isOwnLiveToken(sandbox, tenant, answer))
        note(`${ask} was answered with a token that is over, or another customer's`)
    },
    report() {
      for (const [what, count] of faults) problem(`${what}, ${count} times`)
    },
  }
}

/**
 * Judges that no refresh token was presented a second time without a recovery in the log, and that
 * none that arrived was lost.
 */
export function judgeRotations(
  { say, problem }: Voice,
  world: World,
  { recoveriesAllowed }: { readonly recoveriesAllowed: boolean },
): void {
  const { rig, tenants } = world
  const again = new Map<string, number>()
  for (const { familyId, presentations } of rig.sandbox.state.refreshTokens.values()) {
    if (presentations > 1) again.set(familyId, (again.get(familyId) ?? 0) + presentations - 1)
  }
  const logged = countRecoveries(world.output())
  const total = [...again.values()].reduce((sum, one) => sum + one, 0)
  say(`  refresh tokens presented again: ${total}; recoveries logged: ${sumOf(logged)}`)
  if (!recoveriesAllowed && total > 0) problem(`${total} refresh tokens were presented again`)
  for (const { id, family } of tenants) {
    const presented = again.get(family) ?? 0
    if (presented > (logged.get(id) ?? 0))
      problem(`${id}: presented again ${presented} times, logged ${logged.get(id) ?? 0}`)
  }
  judgeHeld({ say, problem }, world.output())
}

/** Tokens that arrived while the store was away must have been stored in the end. */
function judgeHeld({ say, problem }: Voice, output: string): void {
  const held = eventsNamed(output, 'tokens_held').length
  if (held > 0) say(`  new tokens held until they could be stored: ${held}`)
  const lost = eventsNamed(output, 'held_tokens_lost')
  if (lost.length > 0) problem(`${lost.length} held tokens were lost: ${JSON.stringify(lost[0])}`)
}

const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, one) => sum + one, 0)

function countRecoveries(output: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { connectionId } of eventsNamed(output, 'recovery_begun')) {
    counts.set(String(connectionId), (counts.get(String(connectionId)) ?? 0) + 1)
  }
  return counts
}

/** Judges that no process ended by a defect, or with something cut off. */
export function judgeProcesses({ problem }: Voice, world: World): void {
  const output = world.output()
  for (const event of ['uncaught_exception', 'unhandled_rejection', 'page_not_rendered'])
    for (const found of eventsNamed(output, event).slice(0, 3)) problem(JSON.stringify(found))
  const cut = eventsNamed(output, 'stopped').filter(({ reason }) => reason !== 'drained')
  if (cut.length > 0) problem(`${cut.length} processes stopped at their deadline`)
}
