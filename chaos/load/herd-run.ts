import { setTimeout as wait } from 'node:timers/promises'
import { type Caller, type Callers, openCallers } from './callers.ts'
import type { Heard } from './heard.ts'
import type { Tenant } from './truth.ts'
import type { World } from './world.ts'

/** One caller and what it heard: once, or twice when it was told to come again and did. */
export interface Calls {
  readonly tenant: Tenant
  readonly answers: readonly Heard[]
}

export interface Stampede {
  readonly callers: readonly Calls[]
  /** How long it took to hand all requests to their sockets; no answer was read meanwhile. */
  readonly releasedMs: number
}

export interface StampedeOptions {
  readonly callersEach: number
  /** Whether who is asked to come again does so, once: all together, when the last one may. */
  readonly again: boolean
  /** Called when every caller's socket is open and before the first request. */
  readonly ready: () => void
}

interface Placed {
  readonly caller: Caller
  readonly tenant: Tenant
}

/** Lets callers loose: on every replica, spread over all connections, all at once. */
export async function stampede(
  { rig, replicas, tenants }: World,
  { callersEach, again, ready }: StampedeOptions,
): Promise<Stampede> {
  const groups: Callers[] = []
  try {
    for (const { url } of replicas)
      groups.push(await openCallers(url, rig.stack.apiKey(), callersEach))
    const placed = groups.flatMap(({ all }) => all.map((caller, at) => place(caller, at, tenants)))
    ready()
    const startedAt = performance.now()
    const running = placed.map(callOnce)
    const releasedMs = performance.now() - startedAt
    const first = await Promise.all(running)
    const waitS = Math.max(0, ...first.map(({ retryAfter }) => retryAfter ?? 0))
    if (again) await wait(waitS * 1000)
    const callers = placed.map(async ({ caller, tenant }, at) => {
      const heard = first.slice(at, at + 1)
      const isAsked = again && heard.some(({ retryAfter }) => retryAfter !== null)
      return { tenant, answers: isAsked ? [...heard, await callOnce({ caller, tenant })] : heard }
    })
    return { callers: await Promise.all(callers), releasedMs }
  } finally {
    for (const group of groups) await group.close()
  }
}

function place(caller: Caller, at: number, tenants: readonly Tenant[]): Placed {
  const tenant = tenants[at % tenants.length]
  if (tenant === undefined) throw new Error('nobody is connected')
  return { caller, tenant }
}

const callOnce = ({ caller, tenant }: Placed): Promise<Heard> =>
  caller.post(`/v1/connections/${tenant.id}/token`)
