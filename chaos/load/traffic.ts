import { setTimeout as wait } from 'node:timers/promises'
import type { Balancer } from './balancer.ts'
import type { Heard } from './heard.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { describeDurations } from './percentiles.ts'
import { pick, type Random } from './random.ts'
import type { Tenant } from './truth.ts'

/**
 * What portals ask for: a token, a new one in place of a refused one (which makes the service use the
 * Samsung Account token, and renew it when it is due), one connection, a page of the list.
 */
export const ASKS = ['token', 'replace', 'read', 'list'] as const

export type Ask = (typeof ASKS)[number]

/** Callers that ask again and again, each one request at a time. */
export interface Traffic {
  readonly ledgers: Readonly<Record<Ask, Ledger>>
  /** One line for each kind of request: the answers, and how long those took that were good. */
  lines(): readonly string[]
  /** Lets running requests end. */
  stop(): Promise<void>
}

export interface TrafficOptions {
  readonly balancer: Balancer
  readonly tenants: readonly Tenant[]
  readonly workers: number
  /** Between an answer and the same caller's next request. */
  readonly pauseMs: number
  /** Of this many requests on average. */
  readonly shares: Readonly<Record<Ask, number>>
  readonly random: Random
  readonly onAnswer: (ask: Ask, tenant: Tenant, answer: Heard) => void
}

export function startTraffic(options: TrafficOptions): Traffic {
  const { balancer, tenants, random, onAnswer } = options
  const ledgers = {
    token: createLedger(),
    replace: createLedger(),
    read: createLedger(),
    list: createLedger(),
  }
  const wheel = ASKS.flatMap((ask) => Array.from({ length: options.shares[ask] }, () => ask))
  const tokenIds = new Map<string, string>()
  let isOver = false

  function send(ask: Ask, { id }: Tenant): Promise<Heard> {
    const path = `/v1/connections/${id}`
    if (ask === 'read') return balancer.call('GET', path)
    if (ask === 'list') return balancer.call('GET', '/v1/connections?limit=20')
    const known = tokenIds.get(id)
    const body = ask === 'token' || known === undefined ? undefined : { rejected: known }
    return balancer.call('POST', `${path}/token`, body)
  }

  async function work(): Promise<void> {
    while (!isOver) {
      const ask = pick(random, wheel)
      const tenant = pick(random, tenants)
      const answer = await send(ask, tenant)
      ledgers[ask].add(answer)
      if (typeof answer.body?.token_id === 'string') tokenIds.set(tenant.id, answer.body.token_id)
      onAnswer(ask, tenant, answer)
      await wait(options.pauseMs)
    }
  }

  const running = Array.from({ length: options.workers }, work)
  return {
    ledgers,
    lines: () =>
      ASKS.filter((ask) => ledgers[ask].total > 0).map((ask) => {
        const ledger = ledgers[ask]
        return `  ${ask}: ${ledger.describe()}; ${describeDurations(ledger.durations(200))}`
      }),
    async stop() {
      isOver = true
      await Promise.all(running)
    },
  }
}
