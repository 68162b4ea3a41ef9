import type { OrganisationId } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Incoming } from '../http/exchange.ts'
import { identifyBearer } from '../knox-oauth/bearer.ts'
import { findTenant, isKnownCustomer, OTHER_REGION_CUSTOMER_ID } from '../tenants.ts'
import { KnoxRefusal } from './errors.ts'
import { badlyMade } from './jwt.ts'
import { FLEETS, type Fleet, fleetOfTenant } from './kme-data.ts'
import { identifySigned } from './signed-access-token.ts'

/** Who calls a Knox API: a portal for an organisation, a company for itself, or an MSP. */
export type Caller =
  | {
      readonly kind: 'portal'
      readonly organisation: OrganisationId
      /** Whether the organisation must have entered the portal's partner ID. */
      readonly needsTrust: boolean
    }
  | { readonly kind: 'customer' }
  | { readonly kind: 'msp' }

/** The company of the customer program. */
const OWN_ORGANISATION: OrganisationId = 'fernhill'

/**
 * Checks who calls, by the credential alone.
 *
 * @param scope - The scope of Knox OAuth 2.0 that the call needs; `null` when the service takes
 *   signed tokens only.
 * @throws KnoxRefusal
 */
export function identifyCaller(ctx: Context, incoming: Incoming, scope: string | null): Caller {
  const jwt = incoming.header('x-knox-apitoken')
  const authorization = incoming.header('authorization')
  if (authorization !== undefined) {
    if (jwt === undefined) return identifyBearer(ctx, authorization, scope)
    throw new KnoxRefusal('RESOURCE_INVALID_PARAM', 'there are two credentials')
  }
  if (jwt === undefined || jwt === '') throw badlyMade('header x-knox-apitoken is missing')
  return identifySigned(ctx, jwt)
}

/**
 * Checks who calls a Knox API and for whom: the credential, the tenant header, and trust
 * (protocol.md 4, 5.1 and 6).
 *
 * @returns What the caller may see.
 * @throws KnoxRefusal
 */
export function authorizeFleet(ctx: Context, incoming: Incoming, scope: string | null): Fleet {
  const caller = identifyCaller(ctx, incoming, scope)
  if (caller.kind === 'msp') return fleetOfTenant(readTenant(ctx, incoming))
  refuseTenantHeader(incoming)
  if (caller.kind === 'customer') return FLEETS[OWN_ORGANISATION]
  if (caller.needsTrust && !ctx.state.settings.trust[caller.organisation]) {
    throw new KnoxRefusal('AUTHORIZATION_FAIL', 'the customer has not established trust')
  }
  return FLEETS[caller.organisation]
}

/** The header is for Managed Service Providers, and fails for everybody else (protocol.md 5.1). */
function refuseTenantHeader(incoming: Incoming): void {
  if (incoming.header('x-wsm-managed-tenantid') !== undefined) {
    throw new KnoxRefusal('TENANT_MISMATCH', 'the customer is not managed by this portal')
  }
}

/** What Samsung does without the header is unknown; here an MSP has no devices of its own. */
function readTenant({ state: { settings } }: Context, incoming: Incoming) {
  const id = incoming.header('x-wsm-managed-tenantid')
  if (id === undefined) {
    throw new KnoxRefusal('TENANT_MISMATCH', 'header x-wsm-managed-tenantid is missing')
  }
  if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) {
    throw new KnoxRefusal(
      'RESOURCE_INVALID_PARAM',
      'x-wsm-managed-tenantid must be 1 to 64 letters, digits and -',
    )
  }
  const tenant = findTenant(settings, id)
  if (tenant !== null) return tenant
  if (id === OTHER_REGION_CUSTOMER_ID) {
    throw new KnoxRefusal('CUSTOMER_NOT_IN_SAME_REGION', 'the customer is in another region')
  }
  throw isKnownCustomer(settings, id)
    ? new KnoxRefusal('CUSTOMER_NOT_MANAGED_BY_MSP', 'the customer is not managed by this MSP')
    : new KnoxRefusal('CUSTOMER_NOT_FOUND', 'there is no such customer')
}
