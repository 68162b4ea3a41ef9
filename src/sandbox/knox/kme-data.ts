import { ORGANISATIONS, type OrganisationId } from '../accounts.ts'

/** A Knox Mobile Enrollment profile. */
export interface Profile {
  readonly id: string
  readonly name: string
  readonly doEnabled: boolean
  readonly aeEnabled: boolean
  readonly supportedMDM: string
  readonly skipSetupWizard: boolean
  readonly createTime: string
  readonly updateTime: string
}

/** A device as `devices/list` was seen to describe it; times are epoch ms as text. */
export interface Device {
  readonly id: string
  readonly imei: string
  readonly serialNumber: string
  readonly model: string
  readonly profileName: string
  readonly tenantName: string
  readonly orderId: string
  readonly userName: string
  readonly tags: readonly string[]
  readonly uploadId: string
  readonly resellerName: string
  readonly createTime: string
  readonly updateTime: string
  readonly resellerUploadTime: string
}

/** What an organisation has in Knox; numbers keep the two apart at a glance. */
const FLEETS: Readonly<
  Record<
    OrganisationId,
    { profiles: readonly string[]; devices: number; model: string; base: number }
  >
> = {
  fernhill: {
    profiles: ['Drivers', 'Warehouse scanners', 'Dispatch tablets'],
    devices: 5,
    model: 'SM-G736B',
    base: 350_000_000_001_000,
  },
  marlow: {
    profiles: ['Tills', 'Shop floor'],
    devices: 3,
    model: 'SM-T575',
    base: 350_000_000_002_000,
  },
}

const CREATED_AT = Date.UTC(2026, 0, 5, 8)

/** Lists an organisation's profiles; the same ones at every start. */
export const profilesOf = (id: OrganisationId): readonly Profile[] =>
  FLEETS[id].profiles.map((name, at) => ({
    id: `${ORGANISATIONS[id].customerId}${at + 1}`,
    name,
    doEnabled: true,
    aeEnabled: true,
    supportedMDM: 'Sandbox UEM',
    skipSetupWizard: true,
    createTime: String(CREATED_AT),
    updateTime: String(CREATED_AT),
  }))

/** Lists an organisation's devices; the same ones at every start. */
export function devicesOf(id: OrganisationId): readonly Device[] {
  const { profiles, devices, model, base } = FLEETS[id]
  return Array.from({ length: devices }, (_, at) => ({
    id: String(base + at),
    imei: String(base + at),
    serialNumber: `R5C${id.slice(0, 2).toUpperCase()}${String(at + 1).padStart(6, '0')}`,
    model,
    profileName: profiles[at % profiles.length] ?? '',
    tenantName: ORGANISATIONS[id].name,
    orderId: '',
    userName: '',
    tags: [],
    uploadId: `${id}-1`,
    resellerName: 'Sandbox Reseller',
    createTime: String(CREATED_AT),
    updateTime: String(CREATED_AT),
    resellerUploadTime: String(CREATED_AT),
  }))
}
