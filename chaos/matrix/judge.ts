import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { type Canary, createCanary } from '../../test/support/canary.ts'
import type { Told } from './asking.ts'
import { type Cell, SETTLE_MS } from './cell.ts'
import type { Evidence } from './evidence.ts'
import type { Customer } from './world.ts'

/** How a connection stands in the end. */
export type FinalState = 'ok' | 'recovered' | 'uncertain' | 'consent' | 'stuck'

export interface Verdict {
  readonly state: FinalState
  /** Each begins with the name of the invariant. */
  readonly problems: readonly string[]
}

/** One event of the log. */
interface LogEvent {
  readonly event: string
  readonly connectionId?: string
  readonly attempt?: string
  readonly outcome?: string
}

const LOST = new Set(['F5', 'F6', 'F7', 'F8'])
const FINAL_MODES = new Set(['rotate', 'reuse_revokes'])

/**
 * Whether nothing but a new consent can help: Samsung has replaced the token, what it answered is in no
 * process any more, and Samsung does not answer twice.
 */
export const endsInConsent = ({ point, mode, blow }: Cell): boolean =>
  FINAL_MODES.has(mode) && blow === 'SIGKILL' && LOST.has(point.id)

/** Holds the evidence of one cell against the invariants. */
export function judge(
  cell: Cell,
  customer: Customer,
  evidence: Evidence,
  sandbox: Sandbox,
): Verdict {
  const events = readEvents(evidence, customer)
  const state = stateOf(evidence, events)
  return {
    state,
    problems: [
      ...spentTwice(evidence, events),
      ...endedBadly(cell, state, evidence),
      ...tookTooLong(evidence),
      ...leaked(evidence, customer, sandbox),
      ...handedOutWrong(evidence, customer, sandbox),
      ...reportedWrong(evidence, events),
    ],
  }
}

function readEvents({ output }: Evidence, { connectionId }: Customer): readonly LogEvent[] {
  return `${output.victim}\n${output.peer}`
    .split('\n')
    .filter((line) => line.includes(connectionId))
    .map((line) => JSON.parse(line))
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
  if (isLost !== (state === 'consent'))
    return [
      `I2: it ended as ${state}, and ${isLost ? 'only consent is true' : 'no consent was lost'}`,
    ]
  if (proof === undefined) return []
  const { live, told, request } = proof
  return told.status === 200 && request?.presented === live && request.standing === 'live'
    ? []
    : [
        `I2: what is stored is not what Samsung holds to be alive (${told.status}, ${request?.standing})`,
      ]
}

/** I3. */
const tookTooLong = ({ settledAfterMs }: Evidence): string[] =>
  settledAfterMs <= SETTLE_MS ? [] : [`I3: not settled after ${Math.round(settledAfterMs)} ms`]

/** I5: no token of this customer is in the store or in a log, in whatever encoding. */
function leaked(
  { stored, output, told }: Evidence,
  customer: Customer,
  sandbox: Sandbox,
): string[] {
  const canary = createCanary()
  addTokens(canary, sandbox, customer)
  for (const { token } of told) if (token !== undefined) canary.add('signed token', token)
  return [
    ...canary.find('the record', stored),
    ...canary.find('the log', output.victim),
    ...canary.find("the other process's log", output.peer),
  ].map(({ secret, encoding, place }) => `I5: a ${secret} (${encoding}) in ${place}`)
}

function addTokens(canary: Canary, { state }: Sandbox, { family }: Customer): void {
  const kinds = {
    'refresh token': state.refreshTokens,
    'access token': state.accessTokens,
    'Knox token': state.kcsTokens,
  }
  for (const [kind, tokens] of Object.entries(kinds))
    for (const [value, { familyId }] of tokens) if (familyId === family) canary.add(kind, value)
}

/** I6: every credential is of this customer, and had not ended when it came. */
function handedOutWrong({ told }: Evidence, { family }: Customer, { state }: Sandbox): string[] {
  const isGood = ({ token = '', expiresAt = 0, receivedAt }: Told): boolean => {
    const [, payload = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const known = state.kcsTokens.get(claims.accessToken)
    return known?.familyId === family && Math.min(known.expiresAt, expiresAt) > receivedAt
  }
  const bad = told.filter((one) => one.status === 200 && !isGood(one))
  return bad.length === 0 ? [] : [`I6: ${bad.length} tokens of somebody else, or ended`]
}

/** I7: an attempt is reported once; one whose process was killed, at most once. */
function reportedWrong({ intents, survived }: Evidence, events: readonly LogEvent[]): string[] {
  const reported = (attempt: string): number =>
    events.filter((one) => one.event === 'refresh_ended' && one.attempt === attempt).length
  const owed = [...intents.peer, ...(survived ? intents.victim : [])]
  const cut = survived ? [] : intents.victim
  const wrong = [
    ...owed.filter(({ attempt }) => reported(attempt) !== 1),
    ...cut.filter(({ attempt }) => reported(attempt) > 1),
  ]
  return wrong.map(
    ({ attempt }) => `I7: attempt ${attempt} was reported ${reported(attempt)} times`,
  )
}
