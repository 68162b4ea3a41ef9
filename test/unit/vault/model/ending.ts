import type { Call } from './callers.ts'
import type { Real } from './commands.ts'
import { SETTINGS } from './parts.ts'
import { SLOTS } from './setup.ts'
import { ACCESS_LIFE_MS } from './watch.ts'

const SECOND = 1000
/** The longest of: a lease, the pause after failures, what Samsung asked for; and a renewal after it. */
const RECOVERY_MS = SETTINGS.leaseMs + SETTINGS.backoffMaxMs + 2 * SETTINGS.timeoutMs
const ASK_EVERY_MS = SECOND

const isDecided = (answer: string) => ['token', 'consent_required', 'not_found'].includes(answer)

/** Ends all faults, and sees that everything comes to a right end. */
export async function bringToAnEnd({ world, callers }: Real): Promise<void> {
  const { time, report } = world

  async function endFaults(): Promise<void> {
    world.samsung.mend()
    for (const line of world.lines) line.mend()
    for (const process of world.processes()) process.spare()
    const stopped = world.processes().filter((process) => process.end() === null)
    const until = Math.max(...stopped.map((process) => process.stoppedUntil()))
    // What is late arrives, who is stalled hears, who was stopped goes on.
    await time.advance(Math.max(0, until - time.now()) + 2 * SETTINGS.leaseMs + 2 * SECOND)
  }

  /** Asks, in one place after the other, until everybody has an answer that says what is to be done. */
  async function askUntilDecided(): Promise<void> {
    const startedAt = time.now()
    const open = new Map<string, Call>()
    const decided = new Set<string>()
    for (let round = 0; decided.size < world.ids.length; round += 1) {
      for (const [index, id] of world.ids.entries()) {
        const answer = open.get(id)?.answer() ?? 'not asked'
        if (isDecided(answer)) decided.add(id)
        else if (answer !== 'hung_up') open.set(id, callers.ask((index + round) % SLOTS, index))
      }
      if (time.now() - startedAt > RECOVERY_MS) {
        report.problem(`stuck: ${[...open.values()].map((call) => call.answer()).join(', ')}`)
        return
      }
      await time.advance(ASK_EVERY_MS)
      callers.checkPatience()
    }
  }

  report.trace('>>>', 'faults end')
  await endFaults()
  await askUntilDecided()
  report.trace('>>>', 'all access tokens end')
  await time.advance(ACCESS_LIFE_MS + SECOND)
  await askUntilDecided()
  await time.advance(2 * SECOND)
  for (const [index, id] of world.ids.entries())
    for (const what of world.verdict.judgeEnd(id)) report.problem(`connection ${index}: ${what}`)
  report.check()
}
