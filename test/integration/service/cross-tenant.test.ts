import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  connectTenants,
  familyOf,
  type ParallelTenant,
  type Tally,
  workInParallel,
} from '../../support/parallel-tenants.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const TENANTS = 50
/** `npm run chaos -- --tenants` does a hundred thousand. */
const OPERATIONS = 20_000
const RUN_MS = 120_000
const PORTALS = ['acme', 'birch', 'cedar', 'dogwood', 'elm'].map((id) => ({
  id,
  name: id,
  returnUrl: `http://localhost:3999/${id}/return`,
}))

let rig: Rig
let tenants: readonly ParallelTenant[]
let tally: Tally

beforeAll(async () => {
  rig = await startRig({
    replicas: 2,
    portals: PORTALS,
    // So many answers take longer to search for secrets than to give.
    isUnwatched: true,
    env: {
      KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1s',
      KNOXGATE_LIMITS_PER_KEY: '0',
      KNOXGATE_LIMITS_PER_CONNECTION: '0',
      KNOXGATE_LIMITS_PER_ADDRESS: '0',
    },
  })
  tenants = await connectTenants(rig, TENANTS)
  tally = await workInParallel(rig, tenants, OPERATIONS)
}, RUN_MS)
afterAll(() => rig?.close())

describe('fifty customers of five portals at the same time, over two processes,', () => {
  it('are each given their own tokens and nothing else, in every one of 20,000 operations', () => {
    const right = [...tally.right.values()].reduce((sum, count) => sum + count, 0)

    expect(tally.wrong).toEqual([])
    expect(right + tally.busy).toBe(OPERATIONS)
    expect(tally.busy).toBeLessThan(OPERATIONS / 100)
  })

  it('use tokens at hand, new ones, views, lists, and what is not theirs, and are all renewed', () => {
    expect([...tally.right.keys()].toSorted()).toEqual([
      'foreign token',
      'list',
      'token at hand',
      'token replaced',
      'token the slow way',
      'view',
    ])
    for (const count of tally.right.values()) expect(count).toBeGreaterThan(TENANTS)
    expect(tally.tokens).toBeGreaterThan(4 * TENANTS)
    expect(rig.grants('refresh_token')).toBeGreaterThanOrEqual(TENANTS)
  })

  it('have tokens that can be told apart, by what Samsung knows of them', async () => {
    const [one, two] = tenants
    const { body } = await rig.call('POST', `/v1/connections/${one?.id}/token`)

    const family = familyOf(rig.sandbox, body.headers['x-knox-apitoken'])

    expect([family === one?.familyId, family === two?.familyId]).toEqual([true, false])
    expect(new Set(tenants.map(({ familyId }) => familyId)).size).toBe(TENANTS)
  })
})
