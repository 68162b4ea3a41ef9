import { Pool } from 'undici'
import { connect, createCall } from '../../scripts/stack/portal-client.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Rig } from './service-rig.ts'

/** A customer of one portal, and the family of all tokens that descend from its consent at Samsung. */
export interface ParallelTenant {
  readonly portalId: string
  readonly tenantRef: string
  readonly id: string
  readonly familyId: string
}

/** Connects customers of every portal in turn; whose a token is, Samsung says. */
export async function connectTenants(
  { stack, sandbox }: Rig,
  count: number,
): Promise<readonly ParallelTenant[]> {
  const tenants: ParallelTenant[] = []
  for (let at = 0; at < count; at++) {
    const { id: portalId = '', returnUrl = '' } = stack.portals[at % stack.portals.length] ?? {}
    const call = createCall(stack.url, stack.apiKey(portalId))
    const tenantRef = `tenant-${at}`
    const administrator = at % 2 === 0 ? 'ada' : 'ben'
    const options = { call, program: stack.programId, returnUrl, tenantRef, administrator } as const
    const { status, body } = await connect(options)
    if (status !== 200) throw new Error(`not connected: ${JSON.stringify(body)}`)
    const newest = [...sandbox.state.refreshTokens.values()].at(-1)
    tenants.push({ portalId, tenantRef, id: body.id, familyId: newest?.familyId ?? '' })
  }
  return tenants
}

/** The family of a handed-out token, by what Samsung has issued inside it; undefined for none of Samsung's. */
export function familyOf({ state }: Sandbox, signed: string): string | undefined {
  const payload = Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString()
  const { accessToken } = JSON.parse(payload) as { readonly accessToken: string }
  return state.kcsTokens.get(accessToken)?.familyId
}

interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body, whose shape is what the operation checks
  readonly body: any
}

type Send = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Reply>

/** What came of many operations. */
export interface Tally {
  /** How often each sort of operation was answered as it should be. */
  readonly right: ReadonlyMap<string, number>
  /** Answers that were another tenant's, or neither right nor 503; the first few. */
  readonly wrong: readonly string[]
  /** 503: come again. */
  readonly busy: number
  /** Different tokens that were handed out. */
  readonly tokens: number
}

const MAX_TOLD = 20

function createTally(sandbox: Sandbox) {
  const right = new Map<string, number>()
  const wrong: string[] = []
  const tokens = new Set<string>()
  let busy = 0

  function note(sort: string, { status, body }: Reply, isRight: boolean): void {
    if (status === 503) busy += 1
    else if (isRight) right.set(sort, (right.get(sort) ?? 0) + 1)
    else if (wrong.length < MAX_TOLD) wrong.push(`${sort}: ${status} ${body.code ?? 'not its own'}`)
  }

  return {
    note,
    noteToken(sort: string, { familyId }: ParallelTenant, reply: Reply): void {
      const signed = String(reply.body.headers?.['x-knox-apitoken'] ?? '')
      if (reply.status === 200) tokens.add(signed)
      note(sort, reply, reply.status === 200 && familyOf(sandbox, signed) === familyId)
    },
    result: (): Tally => ({ right, wrong, busy, tokens: tokens.size }),
  }
}

/** One operation of a tenant. `other` is a tenant of another portal. */
type Operation = (
  send: Send,
  tenant: ParallelTenant,
  other: ParallelTenant,
  tally: ReturnType<typeof createTally>,
) => Promise<void>

const atHand: Operation = async (send, tenant, _other, tally) =>
  tally.noteToken('token at hand', tenant, await send('POST', `/${tenant.id}/token`))

/** All but the commonest one, each every twentieth time. */
const RARE: readonly Operation[] = [
  async (send, tenant, _other, tally) => {
    const { body } = await send('POST', `/${tenant.id}/token`)
    const reply = await send('POST', `/${tenant.id}/token`, { rejected: body.token_id })
    tally.noteToken('token replaced', tenant, reply)
  },
  async (send, tenant, _other, tally) => {
    const reply = await send('POST', `/${tenant.id}/token`, { min_ttl_seconds: 100 })
    tally.noteToken('token the slow way', tenant, reply)
  },
  async (send, { id, tenantRef }, _other, tally) => {
    const reply = await send('GET', `/${id}`)
    tally.note('view', reply, reply.body.id === id && reply.body.tenant_ref === tenantRef)
  },
  async (send, { id, tenantRef }, _other, tally) => {
    const reply = await send('GET', `?tenant_ref=${tenantRef}`)
    const ids = reply.body.data?.map((one: { readonly id: string }) => one.id)
    tally.note('list', reply, ids?.length === 1 && ids[0] === id)
  },
  async (send, _tenant, other, tally) => {
    const reply = await send('POST', `/${other.id}/token`)
    tally.note('foreign token', reply, reply.status === 404 && reply.body.code === 'not_found')
  },
]
const TURNS = 20

/** Callers of each tenant at the same time. */
const CALLERS = 2

/**
 * Lets all tenants work at the same time, each over all services, and checks every answer. In the middle
 * Samsung's access tokens end, so that all token sets are renewed beside everything else.
 */
export async function workInParallel(
  { stack, sandbox }: Rig,
  tenants: readonly ParallelTenant[],
  operations: number,
): Promise<Tally> {
  const tally = createTally(sandbox)
  const pools = stack.services.map(({ url }) => new Pool(url, { connections: tenants.length }))
  let begun = 0

  const senderOf =
    ({ portalId }: ParallelTenant, pool: Pool | undefined): Send =>
    async (method, path, body) => {
      if (pool === undefined) throw new Error('no service was started')
      const authorization = `Bearer ${stack.apiKey(portalId)}`
      const { statusCode: status, body: answer } = await pool.request({
        method,
        path: `/v1/connections${path}`,
        headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      })
      return { status, body: await answer.json() }
    }

  async function work(tenant: ParallelTenant, at: number): Promise<void> {
    const senders = pools.map((pool) => senderOf(tenant, pool))
    const other = tenants[(at + 1) % tenants.length] ?? tenant
    for (let turn = at; begun < operations; turn++) {
      begun += 1
      if (begun === Math.floor(operations / 2)) sandbox.control({ expireAccessTokens: true })
      const send = senders[turn % senders.length] ?? senderOf(tenant, undefined)
      await (RARE[turn % TURNS] ?? atHand)(send, tenant, other, tally)
    }
  }

  try {
    await Promise.all(Array.from({ length: CALLERS }, () => tenants.map(work)).flat())
  } finally {
    await Promise.all(pools.map((pool) => pool.close()))
  }
  return tally.result()
}
