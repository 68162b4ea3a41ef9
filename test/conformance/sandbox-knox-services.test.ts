import { describe, expect, it } from '@jest/globals'
import { commonClaims, obtainKcsToken, signJwt } from '../unit/sandbox/support/knox.ts'
import {
  callKnox,
  type ProgramWorld,
  programWorld,
  signedProgramToken,
} from '../unit/sandbox/support/programs.ts'

const CUSTOMERS = '/msp/v1/managedCustomers'

/** A signed token of the portal for Fernhill Logistics. */
async function portalToken({ sandbox, clock }: ProgramWorld): Promise<string> {
  const accessToken = await obtainKcsToken(sandbox, clock)
  return signJwt({ accessToken, ...commonClaims(clock) })
}

describe('managedCustomers', () => {
  it('lists whom the MSP manages, with the count as text', async () => {
    const world = await programWorld({ delinkedTenants: ['4700000002'] })

    const res = await callKnox(world, CUSTOMERS, await signedProgramToken(world))

    expect(await res.json()).toEqual({
      totalCount: '2',
      customers: [
        expect.objectContaining({ customerId: '4700000001', companyName: 'Managed Customer 1' }),
        expect.objectContaining({ customerId: '4700000003', managementType: 'JointlyManaged' }),
      ],
    })
  })

  it.each([
    ['', 100, '4700000001'],
    ['?pageSize=2', 2, '4700000001'],
    ['?pageNum=2&pageSize=100', 50, '4700000201'],
    ['?pageNum=3&pageSize=100', 0, undefined],
  ])('gives with %j a page of %i', async (query, length, first) => {
    const world = await programWorld({ managedTenants: 250 })

    const res = await callKnox(world, CUSTOMERS + query, await signedProgramToken(world))

    const { totalCount, customers } = (await res.json()) as {
      totalCount: string
      customers: { customerId: string }[]
    }
    expect([totalCount, customers.length, customers[0]?.customerId]).toEqual(['250', length, first])
  })

  it.each(['?pageNum=-1', '?pageSize=0', '?pageSize=1001', '?pageNum=1&pageNum=2'])(
    'refuses %s',
    async (query) => {
      const world = await programWorld()

      const res = await callKnox(world, CUSTOMERS + query, await signedProgramToken(world))

      expect(res.status).toBe(400)
    },
  )

  it('has the name of an error in code, and the number as text beside it', async () => {
    const world = await programWorld()

    const res = await callKnox(world, CUSTOMERS, await signedProgramToken(world, 'customer'))

    expect(res.status).toBe(403)
    expect(await res.json()).toEqual({
      transactionalId: expect.any(String),
      code: 'AUTHORIZATION_FAIL',
      errorCode: '4030000',
      errorMessage: expect.any(String),
    })
  })

  it('says that a token has expired in the same shape', async () => {
    const world = await programWorld()
    const token = await signedProgramToken(world)
    world.sandbox.control({ expireKcsTokens: true })

    const body = await (await callKnox(world, CUSTOMERS, token)).json()

    expect(body).toMatchObject({ code: 'ACCESS_TOKEN_EXPIRED', errorCode: '4032251' })
  })
})

describe('Knox Guard', () => {
  const list = (world: ProgramWorld, token: string, body: unknown, headers = {}) =>
    fetch(`${world.sandbox.localUrl}/kcs/v1.1/kg/devices/list`, {
      method: 'POST',
      headers: { 'x-knox-apitoken': token, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })

  it('lists the devices of the organisation by a signed token, paged in the body', async () => {
    const world = await programWorld()

    const res = await list(world, await portalToken(world), { pageNum: 1, pageSize: 3 })

    expect(await res.json()).toEqual({
      result: 'SUCCESS',
      totalCount: 5,
      deviceList: [
        expect.objectContaining({ deviceUid: '350000000001003' }),
        expect.objectContaining({ deviceUid: '350000000001004' }),
      ],
    })
  })

  it('lists the devices of the customer that an MSP names', async () => {
    const world = await programWorld()
    const header = { 'x-wsm-managed-tenantid': '4700000001' }

    const res = await list(world, await signedProgramToken(world), {}, header)

    expect(await res.json()).toMatchObject({ result: 'SUCCESS', totalCount: 2 })
  })

  it.each([
    ['number', { code: 4032251, message: 'ACCESS_TOKEN_EXPIRED', reason: expect.any(String) }],
    ['string', { code: '4032251', message: 'ACCESS_TOKEN_EXPIRED', reason: expect.any(String) }],
    ['array', { code: [4032251], message: ['ACCESS_TOKEN_EXPIRED'], reason: expect.anything() }],
  ] as const)('has error shapes of its own, here with the code as %s', async (codeShape, error) => {
    const world = await programWorld({ codeShape })
    const token = await portalToken(world)
    world.sandbox.control({ expireKcsTokens: true })

    const res = await list(world, token, {})

    expect(res.status).toBe(403)
    expect(await res.json()).toEqual({ result: 'FAIL', error })
  })

  it.each([[[]], [null], ['text'], [7]])('refuses the body %j', async (body) => {
    const world = await programWorld()

    const res = await list(world, await portalToken(world), body)

    expect([res.status, await res.json()]).toEqual([
      400,
      { result: 'FAIL', error: expect.objectContaining({ code: 4000000 }) },
    ])
  })

  it('takes scripted codes in its own shape', async () => {
    const world = await programWorld()
    world.sandbox.addFault({
      on: 'kg',
      do: { kind: 'code', code: 5000000, message: 'INTERNAL_SERVER_ERROR', status: 500 },
    })

    const res = await list(world, 'any', {})

    expect(await res.json()).toMatchObject({ result: 'FAIL', error: { code: 5000000 } })
  })
})
