import { type Connection, consentBinding } from '../../../../src/vault/record.ts'
import type { Ledger, Standing } from './ledger.ts'
import type { Process } from './process.ts'
import type { Issue, Presentation, SamsungTruth } from './samsung-truth.ts'

export interface VerdictDeps {
  readonly truth: SamsungTruth
  readonly ledger: Ledger
  readonly issueIn: (connection: Connection) => Issue | undefined
  readonly leaseMs: number
}

/** What must hold when faults have ended and everybody has come to rest. */
export interface Verdict {
  /** @returns what is wrong with the end of a connection. */
  judgeEnd(connectionId: string): readonly string[]
}

const hasDied = (process: Process): boolean => {
  const end = process.end()
  return end !== null && end.reason !== 'drained'
}

export function createVerdict({ truth, ledger, issueIn, leaseMs }: VerdictDeps): Verdict {
  /** Whether something newer stood here once, and was lost with the one who could have written it again. */
  const isUndone = (connectionId: string): boolean =>
    ledger.standing.some(
      (one) =>
        one.connectionId === connectionId && one.takenBackAt !== null && one.process.end() !== null,
    )

  /** Whether these tokens are lost to everybody, by what no service can prevent. */
  function areLost({ holders, safeWith, takenBackAt }: Issue): boolean {
    if (safeWith === null) return holders.every(hasDied)
    return takenBackAt !== null && safeWith.process.end() !== null
  }

  /** Whether the token that ended everything by being used again had to be, as far as anybody could know. */
  function hadToBeRisked(presentation: Presentation): boolean {
    const { token, connectionId, process, isRecovery, at, wasLate } = presentation
    const isStale = wasLate || process.stoppedUntil() > at - leaseMs
    const wasTakenBack = Number.isFinite(ledger.takenBackAt(connectionId, 'promised'))
    const safeAt = truth.successorOf(token)?.safeWith?.at ?? Number.POSITIVE_INFINITY
    return isStale || wasTakenBack || (isRecovery && safeAt > at - leaseMs)
  }

  function isExcused(issue: Issue): boolean {
    const { endedBy } = issue.grant
    if (endedBy === 'customer') return true
    if (endedBy !== null) return hadToBeRisked(endedBy)
    if (isUndone(issue.grant.connectionId)) return true
    const successor = truth.successorOf(issue.refresh)
    return successor !== null && areLost(successor)
  }

  function judgeConnection(connection: Connection): readonly string[] {
    const { state, reason } = consentBinding(connection).refresh
    const issue = issueIn(connection)
    if (issue === undefined) return ['the stored tokens are not Samsung’s']
    const isAccepted = truth.accepts(issue.refresh)
    if (state === 'ok' || state === 'uncertain')
      return isAccepted ? [] : [`${state}, and Samsung would not take the token`]
    if (state === 'refreshing') return ['still refreshing']
    if (isAccepted) return ['consent_required, and Samsung would take the token']
    return isExcused(issue) ? [] : [`consent_required (${reason}), and nobody had lost the token`]
  }

  function judgeStanding({ connectionId, what, process, takenBackAt }: Standing) {
    if (takenBackAt !== null && process.end() !== null) return []
    const stored = ledger.of(connectionId)
    if (stored?.type === 'tombstone') return []
    if (what === 'deleted') return ['a deleted connection came back for good']
    const isKept = stored !== undefined && stored.generation >= what.generation
    return isKept ? [] : [`safely stored tokens of generation ${what.generation} are gone`]
  }

  return {
    judgeEnd(connectionId) {
      const stored = ledger.of(connectionId)
      if (stored === undefined) return ['the connection is gone']
      const standing = ledger.standing.filter(
        (one) => one.connectionId === connectionId && one.isDone,
      )
      return [
        ...(stored.type === 'connection' ? judgeConnection(stored) : []),
        ...standing.flatMap(judgeStanding),
      ]
    },
  }
}
