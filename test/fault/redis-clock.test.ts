import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { connect } from '../../scripts/stack/portal-client.ts'
import { type BrakedStack, startBrakedStack } from '../support/braked-stack.ts'
import { eventually } from '../support/eventually.ts'
import type { Exchange } from '../support/redis-fault-proxy.ts'
import { expire, storedConnection } from '../support/stored-connection.ts'

const HOUR_S = 3600

let braked: BrakedStack
let id: string
let offsetSeconds = 0
/** How often the service was told a wrong time. */
let shifts = 0

beforeAll(async () => {
  braked = await startBrakedStack({ env: { KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1ms' } })
  const { stack, call, proxy } = braked
  proxy.on({
    at: 'reply',
    matches: ({ command, reply }) => /^eval/i.test(command[0] ?? '') && Array.isArray(reply),
    times: Number.POSITIVE_INFINITY,
    act: shifted,
  })
  const made = await connect({
    call,
    program: stack.programId,
    tenantRef: 'tenant-1',
    returnUrl: stack.portals[0]?.returnUrl ?? '',
  })
  id = made.body.id
})
afterAll(async () => {
  await braked?.close()
})
beforeEach(async () => {
  offsetSeconds = 0
  shifts = 0
  await eventually(async () => (await token()).status === 200)
  await expire(braked.db, id)
  braked.stack.sandbox.clearRecord()
})

const token = () => braked.call('POST', `/v1/connections/${id}/token`)
const encode = (value: unknown): string =>
  typeof value === 'number' ? `:${value}` : `$${Buffer.byteLength(`${value}`)}\r\n${value}`

/** The reply of a script with another time in it: its clock was set. */
function shifted({ reply }: Exchange) {
  if (offsetSeconds === 0 || !Array.isArray(reply)) return 'pass'
  // Seconds come before microseconds; after these at most the flag of a write.
  const at = reply.findIndex((value) => typeof value === 'string' && /^\d{10}$/.test(value))
  if (at < 0) return 'pass'
  shifts += 1
  const moved = reply.with(at, `${Number(reply[at]) + offsetSeconds}`)
  return {
    answer: [
      `*${moved.length}`,
      ...moved.map((value) => (value === null ? '$-1' : encode(value))),
    ].join('\r\n'),
  }
}

describe.each([HOUR_S, -HOUR_S])('a server whose clock jumps by %i s', (jump) => {
  it('during a renewal has it stored all the same, once, with the token that is good', async () => {
    const { stack, db } = braked
    stack.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 400 } })
    const arrived = stack.sandbox.arrival('token')
    const before = (await storedConnection(db, id)).record.generation
    const answered = token()
    await arrived

    offsetSeconds = jump

    expect((await answered).status).toBe(200)
    expect(shifts).toBeGreaterThan(0)
    const { record, binding } = await storedConnection(db, id)
    expect([record.generation, binding.refresh.state]).toEqual([before + 1, 'ok'])
    expect(stack.sandbox.record().spent.refreshTokens).toBe(1)
  })

  it('and stays there renews what is due', async () => {
    offsetSeconds = jump

    await eventually(async () => (await token()).status === 200)
    await expire(braked.db, id)
    await eventually(async () => (await token()).status === 200)
    expect(shifts).toBeGreaterThan(0)
    const { spent, refused } = braked.stack.sandbox.record()
    expect([spent.refreshTokens, refused.token]).toEqual([2, 0])
  })
})
