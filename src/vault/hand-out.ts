import type { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'

/** A live Knox credential for one connection. */
export interface HandOut {
  readonly programId: string
  readonly headerName: string
  readonly value: Secret
  /** A fingerprint, for `rejected`. */
  readonly tokenId: string
  readonly expiresAt: EpochMs
  /** For whom of a provider's customers: goes along as `x-wsm-managed-tenantid`. */
  readonly managedTenantId?: string
}
