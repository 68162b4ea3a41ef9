import type { EpochMs } from '../../../../src/shared/time.ts'
import type { Intent, Ledger } from './ledger.ts'
import type { Process } from './process.ts'
import type { Presentation, SamsungTruth } from './samsung-truth.ts'

/** A process is given this long, after its line to the store has become good, to say how an attempt ended. */
const SAID_WITHIN_MS = 2_000

export interface SpendingRulesDeps {
  readonly truth: SamsungTruth
  readonly ledger: Ledger
  readonly now: () => EpochMs
}

/** What must hold when a refresh token leaves a process. */
export interface SpendingRules {
  /** Which intent stands behind it, and what is wrong with this process sending the token. */
  judgeSpending(
    process: Process,
    connectionId: string,
    token: string,
    isRecovery: boolean,
  ): { readonly intent?: Intent; readonly problems: readonly string[] }
  /** @returns what is wrong with this attempt calling itself a recovery. */
  judgeRecovery(connectionId: string, attempt: string): readonly string[]
}

export function createSpendingRules({ truth, ledger, now }: SpendingRulesDeps): SpendingRules {
  const isPlainlyRefused = ({ outcome, isHeard }: Presentation) => outcome === 'refused' && isHeard

  /** Once tokens of a new generation are stored, nothing before that matters. */
  const earlier = (connectionId: string, generation: number): readonly Presentation[] =>
    truth.presentations.filter(
      (one) => one.connectionId === connectionId && one.generation === generation,
    )

  function takeIntent(process: Process, connectionId: string): Intent | undefined {
    const open = [...ledger.intents.values()].filter(
      (one) => one.process === process && one.connectionId === connectionId && !one.isSpent,
    )
    const intent = open.findLast(({ isBegun }) => isBegun)
    if (intent !== undefined) intent.isSpent = true
    return intent
  }

  /** Whether its process may have been unable to say how this attempt ended. */
  function mayBeUnsaid(intent: Intent): boolean {
    const { process, writtenAt, until, wasLate, connectionId } = intent
    return (
      wasLate ||
      now() - writtenAt < SAID_WITHIN_MS ||
      process.end() !== null ||
      process.stoppedUntil() > writtenAt ||
      process.lastStoreFault() > until - SAID_WITHIN_MS ||
      ledger.takenBackAt(connectionId) >= writtenAt
    )
  }

  /** Unless a failover has taken it back: then it is written again, and whoever is quicker goes on. */
  function holdsSuccessor(process: Process, connectionId: string, token: string): boolean {
    const isHeld = truth.successorOf(token)?.holders.includes(process) === true
    return isHeld && !Number.isFinite(ledger.takenBackAt(connectionId, 'promised'))
  }

  return {
    judgeSpending(process, connectionId, token, isRecovery) {
      const intent = takeIntent(process, connectionId)
      if (intent === undefined)
        return { problems: ['a refresh token was spent without a safely written intent'] }
      const problems: string[] = []
      if (now() > intent.until) problems.push('a refresh token was spent after its lease')
      const again = earlier(connectionId, intent.generation).filter(
        (one) => !isPlainlyRefused(one) && ledger.takenBackAt(connectionId, 'promised') < one.at,
      )
      if (again.length > 0 && !isRecovery)
        problems.push('a refresh token was spent again, and not as a recovery')
      if (holdsSuccessor(process, connectionId, token))
        problems.push('a refresh token was spent by a process that has what replaced it')
      return { intent, problems }
    },

    judgeRecovery(connectionId, attempt) {
      const { generation = 0 } = ledger.intents.get(attempt) ?? {}
      const others = [...ledger.intents.values()].filter(
        (one) =>
          one.connectionId === connectionId &&
          one.generation === generation &&
          one.attempt !== attempt,
      )
      const isUnknown = earlier(connectionId, generation).some((one) => !isPlainlyRefused(one))
      return isUnknown || others.some(mayBeUnsaid)
        ? []
        : ['a recovery, and the outcome of every attempt before was known']
    },
  }
}
