import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { type Rig, startRig } from '../support/service-rig.ts'
import { expire } from '../support/stored-connection.ts'

let rig: Rig
let id: string
let tenants = 0

beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig?.close())
afterEach(() => rig.sandbox.clearFaults())
beforeEach(async () => {
  tenants += 1
  id = await rig.connect(`tenant-${tenants}`)
  await expire(rig.db, id)
})

it.each([
  [429, '17', 'upstream_rate_limited', '17'],
  [503, '17', 'refresh_outcome_unknown', '17'],
  [429, '86400', 'upstream_rate_limited', '300'],
  [429, '0', 'upstream_rate_limited', '1'],
  [429, 'later', 'upstream_rate_limited', '1'],
  [403, '17', 'upstream_unavailable', '1'],
])(
  'a renewal that Samsung puts off with %i and Retry-After %s is told as %s, to wait %s s',
  async (status, asked, code, told) => {
    const headers = { 'Retry-After': asked }
    rig.sandbox.addFault({ on: 'token', do: { kind: 'status', status, headers } })

    const answer = await rig.token(id)

    expect([answer.status, answer.body.code]).toEqual([503, code])
    expect(answer.headers.get('retry-after')).toBe(told)
  },
)

it('counts a date of Samsung by Samsung’s clock', async () => {
  const ahead = Date.now() + 240_000
  const headers = {
    Date: new Date(ahead).toUTCString(),
    'Retry-After': new Date(ahead + 20_000).toUTCString(),
  }
  rig.sandbox.addFault({ on: 'token', do: { kind: 'status', status: 429, headers } })

  expect((await rig.token(id)).headers.get('retry-after')).toBe('20')
})
