import { connectTenants, workInParallel } from '../test/support/parallel-tenants.ts'
import { startRig } from '../test/support/service-rig.ts'
import type { Scenario } from './scenario.ts'

const OPERATIONS = 100_000
const REPLICAS = 2
const TENANTS = 50
const PORTALS = ['acme', 'birch', 'cedar', 'dogwood', 'elm'].map((id) => ({
  id,
  name: id,
  returnUrl: `http://localhost:3999/${id}/return`,
}))

/** Nothing is limited but what the services can do; what is kept in a process is kept as delivered. */
const ENV = {
  KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1s',
  KNOXGATE_LIMITS_PER_KEY: '0',
  KNOXGATE_LIMITS_PER_CONNECTION: '0',
  KNOXGATE_LIMITS_PER_ADDRESS: '0',
}

/** Customers of several portals at work at the same time, and whose tokens they are given. */
export const tenantsScenario: Scenario = {
  name: 'tenants',
  summary: '50 customers of five portals at the same time: each gets its own tokens and no other',
  takes: '1 min',
  argument: { name: 'operations', default: String(OPERATIONS) },

  async run({ entry, argument, say, problem, cleanup }) {
    const operations = Number(argument)
    if (!Number.isSafeInteger(operations) || operations < 1)
      throw new Error('how many operations? for example --tenants 100000')
    // So many answers take longer to search for secrets than to give.
    const rig = await startRig({
      entry,
      replicas: REPLICAS,
      portals: PORTALS,
      isUnwatched: true,
      env: ENV,
    })
    cleanup.add(rig.close)
    const tenants = await connectTenants(rig, TENANTS)
    const { right, wrong, busy, tokens } = await workInParallel(rig, tenants, operations)
    for (const [sort, count] of right) say(`  ${sort}: ${count}`)
    say(`  different tokens: ${tokens}; renewals: ${rig.grants('refresh_token')}; 503: ${busy}`)
    for (const what of wrong) problem(what)
  },
}
