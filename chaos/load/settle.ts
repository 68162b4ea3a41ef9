import { setTimeout as wait } from 'node:timers/promises'
import type { ScenarioContext } from '../scenario.ts'
import { quiet } from './ageing.ts'
import type { Heard } from './heard.ts'
import { createLedger } from './ledger.ts'
import type { Standing, Tenant } from './truth.ts'
import type { World } from './world.ts'

export interface Settled {
  readonly standings: readonly Standing[]
  /** The last answer to every connection's portal, counted. */
  readonly answers: string
  /** How long the slowest connection was asked for again and again. */
  readonly longestMs: number
}

/** Longer than the longest pause between two attempts. */
const PATIENCE_MS = 90_000
const PAUSE_MS = 250
const CALLERS = 16

/** Asks for every connection's token until it is given, or refused for good. */
export async function settle(world: World): Promise<Settled> {
  const { rig, truth, tenants } = world
  const ledger = createLedger()
  const startedAt = performance.now()
  const left = [...tenants]
  let longestMs = 0
  const work = async () => {
    for (let tenant = left.pop(); tenant !== undefined; tenant = left.pop()) {
      ledger.add(await untilDecided(rig.calls, tenant))
      longestMs = performance.now() - startedAt
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, work))
  // Some tokens were at hand, and are being renewed now.
  await quiet(world)
  const standings = await Promise.all(tenants.map(truth.look))
  return { standings, answers: ledger.describe(), longestMs }
}

async function untilDecided(calls: World['rig']['calls'], { id }: Tenant): Promise<Heard> {
  const startedAt = performance.now()
  for (let turn = 0; ; turn++) {
    const call = calls[turn % calls.length]
    if (call === undefined) throw new Error('there is no service')
    const { status, body } = await call('POST', `/v1/connections/${id}/token`)
    const ms = performance.now() - startedAt
    if (status < 500 || ms > PATIENCE_MS)
      return { status, code: body?.code ?? '', body, retryAfter: null, ms }
    await wait(PAUSE_MS)
  }
}

/**
 * Says which connections do not stand as they must: none may be given up whose token Samsung still
 * takes, and with `renewed`, all must hold the live one.
 */
export function judgeStandings(
  { say, problem }: Pick<ScenarioContext, 'say' | 'problem'>,
  title: string,
  standings: readonly Standing[],
  renewed: boolean,
): void {
  const groups = Map.groupBy(
    standings,
    ({ state, held }) => `${state} holding a token that is ${held}`,
  )
  const counted = [...groups].map(([name, { length }]) => `${length} ${name}`)
  say(`  connections: ${counted.join(', ')}`)
  for (const [name, [example, ...others]] of groups) {
    if (example !== undefined && isWrong(example, renewed))
      problem(`${title}: ${example.tenant.id} and ${others.length} others are ${name}`)
  }
}

function isWrong({ state, held }: Standing, renewed: boolean): boolean {
  const givenUp = state === 'consent_required' && (held === 'live' || held === 'in_grace')
  const behind = renewed && !(state === 'ok' && held === 'live')
  const untrue = state === 'ok' && held !== 'live'
  return givenUp || behind || untrue
}
