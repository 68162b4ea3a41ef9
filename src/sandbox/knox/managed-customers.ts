import { randomUUID } from 'node:crypto'
import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { json } from '../http/exchange.ts'
import { listTenants, type Tenant } from '../tenants.ts'
import { identifyCaller } from './callers.ts'
import { type KnoxErrorWriter, KnoxRefusal } from './errors.ts'
import { credentialFacts, knoxEndpoint } from './knox-endpoint.ts'
import { cutPage, readPage } from './paging.ts'

/** Makes `managedCustomers`, the list of an MSP's customers (protocol.md 6.1). */
export const managedCustomersEndpoint = (ctx: Context): Endpoint =>
  knoxEndpoint(ctx, 'msp', {
    facts: (incoming) => credentialFacts(incoming),
    handle(incoming) {
      if (identifyCaller(ctx, incoming, 'msp.customers').kind !== 'msp') {
        throw new KnoxRefusal('AUTHORIZATION_FAIL', 'only a Managed Service Provider has customers')
      }
      const tenants = listTenants(ctx.state.settings)
      const customers = cutPage(tenants, readPage(incoming.query)).map(describe)
      return json(200, { totalCount: String(tenants.length), customers })
    },
    write: mspErrorReply,
  })

/** The error object of the Knox MSP Portal: the name in `code`, the number as text beside it. */
const mspErrorReply: KnoxErrorWriter = ({ status, code, message, data }) =>
  json(
    status,
    {
      transactionalId: randomUUID(),
      code: message,
      // The one code that the MSP Portal writes in seven digits (its own error page).
      errorCode: String(code) === '40300000' ? '4030000' : String(code),
      errorMessage: data,
    },
    { refusal: String(code) },
  )

const describe = ({ customerId, companyName, number }: Tenant): object => ({
  customerId,
  email: `admin@customer-${number}.example`,
  companyName,
  companySize: '1-50',
  industry: 'Retail',
  street1: `${number} Sandbox Street`,
  city: 'Dublin',
  stateOrProvince: 'Leinster',
  zipCode: 'D01',
  country: 'IE',
  website: `https://customer-${number}.example`,
  officeNumber: '',
  managementType: 'JointlyManaged',
  managedServices: [{ service: 'KME', status: 'ACTIVE' }],
  optional: { deviceCountKM: 0, deviceCountExclKM: 2, created: '', modified: '' },
})
