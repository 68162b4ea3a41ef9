import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { connect } from '../../scripts/stack/portal-client.ts'
import { type BrakedStack, startBrakedStack } from '../support/braked-stack.ts'
import { eventually } from '../support/eventually.ts'
import type { Exchange } from '../support/redis-fault-proxy.ts'
import { expire } from '../support/stored-connection.ts'

/** What Redis says, word by word, when it cannot do something now. */
const LINES = [
  'LOADING Redis is loading the dataset in memory',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'TRYAGAIN Multiple keys request during rehashing of slot',
  'CLUSTERDOWN The cluster is down',
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'NOREPLICAS Not enough good replicas to write.',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.',
  "OOM command not allowed when used memory > 'maxmemory'.",
  "READONLY You can't write against a read only replica.",
] as const

/** Only what writes a document has so many arguments. */
const isWrite = ({ command }: Exchange): boolean =>
  /^eval/i.test(command[0] ?? '') && command.length > 6
const isScript = ({ command }: Exchange): boolean => /^eval/i.test(command[0] ?? '')

let braked: BrakedStack
let id: string
let undo: (() => void)[] = []

beforeAll(async () => {
  braked = await startBrakedStack({ env: { KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1ms' } })
  const { stack, call } = braked
  const [portal] = stack.portals
  const made = await connect({
    call,
    program: stack.programId,
    tenantRef: 'tenant-1',
    returnUrl: portal?.returnUrl ?? '',
  })
  id = made.body.id
})
afterAll(async () => {
  await braked?.close()
})
beforeEach(async () => {
  await eventually(async () => (await token()).status === 200)
  await expire(braked.db, id)
  braked.stack.sandbox.clearRecord()
})
afterEach(() => {
  for (const end of undo.splice(0)) end()
})

const token = () => braked.call('POST', `/v1/connections/${id}/token`)
const spent = () => braked.stack.sandbox.record().spent.refreshTokens

/** From now on these commands are answered with this line, as often as they come. */
function answer(line: string, matches: (exchange: Exchange) => boolean): void {
  const times = Number.POSITIVE_INFINITY
  undo = [braked.proxy.on({ at: 'command', matches, times, act: { answer: `-${line}` } })]
}

async function expectRefused(): Promise<void> {
  const startedAt = performance.now()
  const { status, body, headers } = await token()

  expect([status, body.code, body.retryable]).toEqual([503, 'store_unavailable', true])
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(performance.now() - startedAt).toBeLessThan(2000)
  expect(spent()).toBe(0)
  expect((await fetch(`${braked.stack.url}/livez`)).status).toBe(200)
}

async function expectOver(): Promise<void> {
  for (const end of undo.splice(0)) end()
  await eventually(async () => (await token()).status === 200)
  expect(spent()).toBe(1)
}

describe.each(LINES)('a Redis that answers every write with “%s”', (line) => {
  it('has no refresh token spent; the caller is told when to come again, and then is served', async () => {
    answer(line, isWrite)

    await expectRefused()
    await expectOver()
  })
})

it.each([LINES[0], LINES[1], LINES[3], LINES[4]])(
  'refuses in time, and finds its way back, when reads are answered so as well: “%s”',
  async (line) => {
    answer(line, isScript)

    await expectRefused()
    await expectOver()
  },
)

it('stores what was renewed when the server takes no more between the renewal and its commit', async () => {
  const { proxy, stack } = braked
  let begun = false
  stack.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 300 } })
  const arrived = stack.sandbox.arrival('token').then(() => {
    begun = true
  })
  undo = [
    proxy.on({
      at: 'command',
      matches: (exchange) => begun && isWrite(exchange),
      times: 5,
      act: { answer: `-${LINES[5]}` },
    }),
  ]

  const answered = token()
  await arrived

  expect((await answered).status).toBe(200)
  expect(spent()).toBe(1)
  await expire(braked.db, id)
  expect((await token()).status).toBe(200)
  expect(stack.sandbox.record().refused.token).toBe(0)
})
