import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Told } from './asking.ts'
import { type Cell, SETTLE_MS } from './cell.ts'
import { type Evidence, eventsOf, type LogEvent, reportsOf } from './evidence.ts'
import type { StoredIntent } from './intents.ts'
import { findLeaks } from './leaks.ts'
import type { Customer } from './world.ts'

/** How a connection stands in the end. */
export type FinalState = 'ok' | 'recovered' | 'uncertain' | 'consent' | 'stuck'

export interface Verdict {
  readonly state: FinalState
  /** Each begins with the name of the invariant. */
  readonly problems: readonly string[]
}

/** Samsung has acted, and its answer is nowhere but on the wire or in the process. */
const UNANSWERED = ['F5', 'F6', 'F7']

/**
 * Whether nothing but a new consent can help: Samsung has replaced the token, nobody has what it
 * answered, and it does not answer twice.
 *
 * An answer that arrives while its process is stopped is read when it goes on. Meanwhile another one has
 * presented the token again, as it must when a lease runs out, and that ended the consent where Samsung
 * ends it for that.
 */
export function endsInConsent({ point, mode, blow }: Cell): boolean {
  if (point.onlyStopped === true) return mode === 'reuse_revokes'
  const isLost = UNANSWERED.includes(point.id) || (point.id === 'F8' && blow === 'SIGKILL')
  return isLost && (mode === 'rotate' || mode === 'reuse_revokes')
}

/** Holds the evidence of one cell against the invariants. */
export function judge(
  cell: Cell,
  customer: Customer,
  evidence: Evidence,
  sandbox: Pick<Sandbox, 'state'>,
): Verdict {
  const { victim, peer } = evidence.output
  const events = eventsOf(`${victim}\n${peer}`, customer.connectionId)
  const state = stateOf(evidence, events)
  return {
    state,
    problems: [
      ...spentTwice(evidence, events),
      ...endedBadly(cell, state, evidence),
      ...gotStuck(evidence),
      ...findLeaks(evidence, customer, sandbox).map((leak) => `I5: ${leak}`),
      ...handedOutWrong(evidence, customer, sandbox),
      ...reportedWrong(evidence, events),
    ],
  }
}

function stateOf({ settled, stored }: Evidence, events: readonly LogEvent[]): FinalState {
  if (settled.code === 'consent_required') return 'consent'
  if (settled.status === 200) {
    const isRecovered = events.some(({ outcome }) => outcome === 'recovered_after_uncertain')
    return isRecovered ? 'recovered' : 'ok'
  }
  return JSON.parse(stored).binding.refresh.state === 'uncertain' ? 'uncertain' : 'stuck'
}

/** I1: every refresh beyond one for each generation belongs to a recovery that was announced. */
function spentTwice({ requests, intents }: Evidence, events: readonly LogEvent[]): string[] {
  const generations = new Set(
    [...intents.victim, ...intents.peer].map(({ generation }) => generation),
  )
  const announced = events.filter(({ event }) => event === 'recovery_begun').length
  const more = requests.length - generations.size
  return more <= announced
    ? []
    : [`I1: ${more} refreshes more than needed, and ${announced} recoveries announced`]
}

/** I2 and I4. */
function endedBadly(cell: Cell, state: FinalState, { proof }: Evidence): string[] {
  const isLost = endsInConsent(cell)
  const isRight = isLost ? state === 'consent' : state === 'ok' || state === 'recovered'
  if (!isRight)
    return [`I2: it ended as ${state}, and ${isLost ? 'only consent is true' : 'nothing was lost'}`]
  if (proof === undefined) return []
  const { live, told, request } = proof
  return told.status === 200 && request?.presented === live && request.standing === 'live'
    ? []
    : [
        `I2: what is stored is not what Samsung holds to be alive (${told.status}, ${request?.standing})`,
      ]
}

/** I3: the connection, and the process that was stopped. */
const gotStuck = ({ settledAfterMs, survived, exitCode }: Evidence): string[] => [
  ...(settledAfterMs <= SETTLE_MS
    ? []
    : [`I3: not settled after ${Math.round(settledAfterMs)} ms`]),
  ...(survived && exitCode !== 0 ? [`I3: the process ended with ${exitCode}`] : []),
]

/** I6: every credential is of this customer, and had not ended when it came. */
function handedOutWrong(
  { told }: Evidence,
  { family }: Customer,
  { state }: Pick<Sandbox, 'state'>,
): string[] {
  const isGood = ({ token = '', expiresAt = 0, receivedAt }: Told): boolean => {
    const [, payload = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const known = state.kcsTokens.get(claims.accessToken)
    return known?.familyId === family && Math.min(known.expiresAt, expiresAt) > receivedAt
  }
  const bad = told.filter((one) => one.status === 200 && !isGood(one))
  return bad.length === 0 ? [] : [`I6: ${bad.length} tokens of somebody else, or ended`]
}

/**
 * I7: an attempt is reported once. One that was ended with its process, or that spent nothing because it
 * found its intent taken over, may have gone without a report.
 */
function reportedWrong(
  { intents, survived, spent }: Evidence,
  events: readonly LogEvent[],
): string[] {
  const reports = (intent: StoredIntent): number => reportsOf(events, intent)
  const known = intents.victim.filter((one) => reports(one) > 0).length
  const wrong = [
    ...intents.peer.filter((one) => reports(one) !== 1),
    ...intents.victim.filter((one) => reports(one) > 1),
  ].map((one) => `I7: attempt ${one.attempt} was reported ${reports(one)} times`)
  return survived && known < spent
    ? [...wrong, `I7: ${spent} attempts were made, and ${known} reported`]
    : wrong
}
