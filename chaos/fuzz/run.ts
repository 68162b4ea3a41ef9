import type { FaultAction } from '../../src/sandbox/control/faults.ts'
import { eventually } from '../../test/support/eventually.ts'
import { eventsNamed } from '../load/events.ts'
import type { RawAnswer } from './answers.ts'
import { describeExchange, ownIn } from './bytes.ts'
import { deliver } from './deliver.ts'
import type { Exchange } from './exchange.ts'
import { sampleExchanges } from './exchanges.ts'
import { judgeAnswer } from './judge-answer.ts'
import type { FuzzWorld, SelfReport } from './world.ts'

export interface FuzzPlan {
  /** At least so many requests. */
  readonly requests: number
  readonly seed: number
  /** Requests between two restockings. */
  readonly batch: number
  /** Connections at a time. */
  readonly clients: number
}

/** What was seen, and what was wrong. */
export interface FuzzResult {
  readonly requests: number
  readonly exchanges: number
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>
  /** Answers by code, of those that refuse. */
  readonly codes: ReadonlyMap<string, number>
  /** What was wrong, with how often and with the first exchange that showed it. */
  readonly problems: ReadonlyMap<string, Finding>
  readonly slowestMs: number
  /** After each quarter, with nothing under way. */
  readonly reports: readonly SelfReport[]
}

export interface Finding {
  count: number
  readonly example: string
}

/** Every so many batches Samsung is not well. */
const ILL_EVERY = 4
const ILLS: readonly FaultAction[] = [
  { kind: 'status', status: 503, body: { error: 'busy' } },
  { kind: 'malformed' },
  { kind: 'delay', ms: 300 },
  { kind: 'half_body' },
  { kind: 'reset' },
  { kind: 'reset_after_effect' },
]
/** More than a batch asks for. */
const ALL = 100_000
/** Longer than the longest pause between two attempts at a renewal. */
const RECOVERY_MS = 90_000

/** Sends fuzzed requests in batches; the same for the same seed, but for what runs at the same time. */
export async function runFuzz(
  world: FuzzWorld,
  { requests, seed, batch, clients }: FuzzPlan,
  say: (line: string) => void,
): Promise<FuzzResult> {
  const statuses = new Map<number, number>()
  const codes = new Map<string, number>()
  const problems = new Map<string, Finding>()
  const reports: SelfReport[] = [await world.report()]
  let sent = 0
  let exchanges = 0
  let slowestMs = 0

  function note(what: string, exchange: Exchange): void {
    const known = problems.get(what)
    if (known !== undefined) known.count += 1
    else problems.set(what, { count: 1, example: describeExchange(exchange) })
  }

  async function carryOut(exchange: Exchange, isSamsungIll: boolean): Promise<void> {
    const { answers, faults, ms } = await deliver(world.ports, exchange, world.values())
    slowestMs = Math.max(slowestMs, ms)
    const asksForDocument = exchange.requests.some(({ target }) => target.includes('openapi'))
    for (const fault of faults) note(fault, exchange)
    learnToken(exchange, answers)
    for (const answer of answers) {
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const code = /"code":"(\w+)"/.exec(answer.status >= 400 ? answer.body : '')?.[1]
      if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1)
      for (const wrong of judgeAnswer(answer, {
        isSamsungIll,
        asksForDocument,
        named: world.named,
      }))
        note(wrong, exchange)
    }
  }

  /** So that a later request can say of this token that Knox refuses it, and has a new one made. */
  function learnToken(
    { requests: [request, ...others] }: Exchange,
    [answer]: readonly RawAnswer[],
  ) {
    const own = request === undefined || others.length > 0 ? undefined : ownIn(request.target)
    const tokenId = /"token_id":"([^"]+)"/.exec(answer?.body ?? '')?.[1]
    if (own !== undefined && tokenId !== undefined) world.learn(`token_id:${own}`, tokenId)
  }

  async function sendBatch(number: number, size: number): Promise<void> {
    const { sandbox } = world.rig
    const ill = number % ILL_EVERY === ILL_EVERY - 1 ? ILLS[(number >> 2) % ILLS.length] : undefined
    if (ill !== undefined)
      for (const on of ['token', 'ams'] as const) sandbox.addFault({ on, times: ALL, do: ill })
    const left = [...sampleExchanges(size, seed + number)]
    sent += left.reduce((sum, one) => sum + one.requests.length, 0)
    exchanges += left.length
    const client = async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop())
        await carryOut(one, ill !== undefined)
    }
    await Promise.all(Array.from({ length: clients }, client))
    sandbox.clearFaults()
    sandbox.clearRecord()
    await world.restock()
    if (ill !== undefined) await untilWell(world)
  }

  for (let number = 0; sent < requests; number++) {
    const quarter = Math.floor((4 * sent) / requests)
    await sendBatch(number, Math.min(batch, requests - sent))
    if (Math.floor((4 * sent) / requests) === quarter) continue
    const report = await world.report()
    reports.push(report)
    say(
      `  ${sent} requests: ${report.inUseMb.toFixed(1)} MB in use after a collection, ${report.rssMb.toFixed(0)} MB resident`,
    )
  }
  return { requests: sent, exchanges, statuses, codes, problems, slowestMs, reports }
}

/** Waits until every connection that requests name gives a token again. */
async function untilWell({ rig, values }: FuzzWorld): Promise<void> {
  const ids = [...values()].filter(([name]) => name.startsWith('own:')).map(([, id]) => id)
  for (const id of ids)
    await eventually(async () => (await rig.token(id)).status === 200, RECOVERY_MS)
}

/** What the service's log says of itself that it must not. */
export function defectsIn(output: string): readonly string[] {
  const named = eventsNamed(
    output,
    'uncaught_exception',
    'unhandled_rejection',
    'page_not_rendered',
    'held_tokens_lost',
  )
  const internal = output.split('\n').filter((line) => line.includes('internal_error'))
  return [...named.map((one) => JSON.stringify(one)), ...internal]
}
