import { ORGANISATIONS, type OrganisationId } from '../accounts.ts'
import type { Tenant } from '../tenants.ts'

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

/** What one customer has in Knox; numbers keep customers apart at a glance. */
export interface Fleet {
  readonly customerId: string
  readonly tenantName: string
  readonly profiles: readonly string[]
  readonly devices: number
  readonly model: string
  /** The first device's id; the others count up. */
  readonly base: number
  /** Begins the serial numbers, and counts up with the devices. */
  readonly serial: readonly [mark: string, first: number]
  readonly uploadId: string
}

const organisation = (
  id: OrganisationId,
  more: Pick<Fleet, 'profiles' | 'devices' | 'model' | 'base'>,
): Fleet => ({
  customerId: ORGANISATIONS[id].customerId,
  tenantName: ORGANISATIONS[id].name,
  serial: [id.slice(0, 2).toUpperCase(), 1],
  uploadId: `${id}-1`,
  ...more,
})

/** The fleets of the two organisations. */
export const FLEETS: Readonly<Record<OrganisationId, Fleet>> = {
  fernhill: organisation('fernhill', {
    profiles: ['Drivers', 'Warehouse scanners', 'Dispatch tablets'],
    devices: 5,
    model: 'SM-G736B',
    base: 350_000_000_001_000,
  }),
  marlow: organisation('marlow', {
    profiles: ['Tills', 'Shop floor'],
    devices: 3,
    model: 'SM-T575',
    base: 350_000_000_002_000,
  }),
}

/** The fleet of a customer of the MSP: two devices. */
export const fleetOfTenant = ({ customerId, companyName, number }: Tenant): Fleet => ({
  customerId,
  tenantName: companyName,
  profiles: ['Standard'],
  devices: 2,
  model: 'SM-A556B',
  base: 351_000_000_000_000 + number * 1_000,
  serial: ['MT', number * 10],
  uploadId: `${customerId}-1`,
})

const CREATED_AT = Date.UTC(2026, 0, 5, 8)

/** Lists the profiles of a fleet; the same ones at every start. */
export const profilesOf = ({ customerId, profiles }: Fleet): readonly Profile[] =>
  profiles.map((name, at) => ({
    id: `${customerId}${at + 1}`,
    name,
    doEnabled: true,
    aeEnabled: true,
    supportedMDM: 'Sandbox UEM',
    skipSetupWizard: true,
    createTime: String(CREATED_AT),
    updateTime: String(CREATED_AT),
  }))

/** Lists the devices of a fleet; the same ones at every start. */
export function devicesOf(fleet: Fleet): readonly Device[] {
  const [mark, first] = fleet.serial
  return Array.from({ length: fleet.devices }, (_, at) => ({
    id: String(fleet.base + at),
    imei: String(fleet.base + at),
    serialNumber: `R5C${mark}${String(first + at).padStart(6, '0')}`,
    model: fleet.model,
    profileName: fleet.profiles[at % fleet.profiles.length] ?? '',
    tenantName: fleet.tenantName,
    orderId: '',
    userName: '',
    tags: [],
    uploadId: fleet.uploadId,
    resellerName: 'Sandbox Reseller',
    createTime: String(CREATED_AT),
    updateTime: String(CREATED_AT),
    resellerUploadTime: String(CREATED_AT),
  }))
}
