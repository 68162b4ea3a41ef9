import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createSandbox } from '../../../src/sandbox/sandbox.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

/* The whole way of a provider: the strict sandbox, two processes, the proxy. */

const MANAGED = '4700000001'
const NOT_MANAGED = '4800000001'
const PROFILES = '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1'

let rig: Rig

beforeAll(async () => {
  const sandbox = await createSandbox({ clock: Date.now })
  const fields = {
    kind: 'knox-msp',
    client_identifier: { env: 'MSP_CLIENT_IDENTIFIER' },
    samsung_account: undefined,
    knox: {
      base_url: sandbox.url,
      access_token_path: '/ams/v1/users/accesstoken',
      validity_minutes: 30,
    },
  }
  const { clientIdentifier } = sandbox.registration.programs.msp
  rig = await startRig({
    sandbox,
    replicas: 2,
    program: { fields },
    env: { MSP_CLIENT_IDENTIFIER: clientIdentifier },
  })
})
afterAll(() => rig?.close())

let tenants = 0
async function connect(managed_tenant_id: string): Promise<string> {
  const made = await rig.call('POST', '/v1/connections', {
    program: rig.stack.programId,
    tenant_ref: `tenant-${++tenants}`,
    managed_tenant_id,
  })
  expect(made.status).toBe(201)
  return String(made.body.id)
}

const ask = (id: string, path: string, init: RequestInit = {}) =>
  fetch(`${rig.stack.url}/v1/connections/${id}/knox${path}`, {
    ...init,
    headers: { authorization: `Bearer ${rig.stack.apiKey()}`, ...init.headers },
  })

it('lists profiles of a managed customer, and heals a call whose token Samsung has ended', async () => {
  const id = await connect(MANAGED)

  const first = await ask(id, PROFILES)
  expect(first.status).toBe(200)
  rig.sandbox.control({ expireKcsTokens: true })
  const [one, other] = await Promise.all([ask(id, PROFILES), ask(id, PROFILES)])

  expect([one?.status, other?.status]).toEqual([200, 200])
  expect(rig.sandbox.record().issued.programTokens).toBe(2)
})

it('takes no customer from the request: whom it is about is the connection', async () => {
  const id = await connect('4700000002')

  const answer = await ask(id, PROFILES, { headers: { 'x-wsm-managed-tenantid': NOT_MANAGED } })

  expect(answer.status).toBe(200)
})

it('passes on what Samsung says of a customer who is not managed', async () => {
  const id = await connect(NOT_MANAGED)

  const answer = await ask(id, PROFILES)

  expect(answer.status).toBe(400)
  expect(answer.headers.get('x-knoxgate-error')).toBeNull()
  expect(await answer.text()).toContain('4002113')
})
