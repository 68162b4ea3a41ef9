import type { KindSettings } from './kind-settings.ts'

/** A customer of the Managed Service Provider. */
export interface Tenant {
  /** What `x-wsm-managed-tenantid` says. */
  readonly customerId: string
  readonly companyName: string
  /** Counts from 1. */
  readonly number: number
}

/** A customer of somebody else. */
const UNMANAGED_CUSTOMER_ID = '4800000001'
/** A customer whose data lies in another region. */
export const OTHER_REGION_CUSTOMER_ID = '4900000001'

const BASE = 4_700_000_000

const tenant = (number: number): Tenant => ({
  customerId: String(BASE + number),
  companyName: `Managed Customer ${number}`,
  number,
})

/** Finds the customer that an id names, if the MSP manages it now. */
export function findTenant(settings: KindSettings, customerId: string): Tenant | null {
  if (settings.delinkedTenants.includes(customerId)) return null
  return isCustomer(settings, customerId) ? tenant(Number(customerId) - BASE) : null
}

/** Whether an id names a customer at all, managed or not. */
export const isKnownCustomer = (settings: KindSettings, customerId: string): boolean =>
  customerId === UNMANAGED_CUSTOMER_ID || isCustomer(settings, customerId)

/** Lists everybody whom the MSP manages now, oldest first. */
export const listTenants = (settings: KindSettings): readonly Tenant[] =>
  Array.from({ length: settings.managedTenants }, (_, at) => tenant(at + 1)).filter(
    ({ customerId }) => !settings.delinkedTenants.includes(customerId),
  )

function isCustomer({ managedTenants }: KindSettings, customerId: string): boolean {
  const number = /^\d{10}$/.test(customerId) ? Number(customerId) - BASE : 0
  return number >= 1 && number <= managedTenants
}
