import type { Config, Program } from './config/config.ts'
import { type RotationPolicy, UNKNOWN_ROTATION } from './vault/rotation.ts'

/** What is known of each program's refresh tokens. */
export function rotationsOf({
  programs,
}: Pick<Config, 'programs'>): (programId: string) => RotationPolicy {
  const known = new Map(
    programs.flatMap((program) => {
      if (program.kind !== 'samsung-account') return []
      const { rotation, rotationGraceMs: graceMs, reuseRevokes } = program.samsungAccount
      return [[program.id, { rotation, graceMs, reuseRevokes }] as const]
    }),
  )
  return (programId) => known.get(programId) ?? UNKNOWN_ROTATION
}

/** Whether nobody signs in at a program, and one token serves all its connections. */
export function isTwoLegged({
  programs,
}: Pick<Config, 'programs'>): (programId: string) => boolean {
  const found = programs.filter(({ kind }) => kind !== 'samsung-account')
  const ids = new Set(found.map(({ id }) => id))
  return (programId) => ids.has(programId)
}

/**
 * Whether a program's token must stay here: that of a provider opens all of its customers, whichever
 * portal they belong to, so that it is handed out only where there is one portal.
 */
export function isProxyOnly({
  programs,
  portals,
}: Pick<Config, 'programs' | 'portals'>): (programId: string) => boolean {
  const providers = programs.filter(({ kind }) => kind === 'knox-msp').map(({ id }) => id)
  const isShared = (id: string) => portals.filter((one) => one.programs.includes(id)).length > 1
  const ids = new Set(providers.filter(isShared))
  return (programId) => ids.has(programId)
}

/** The Knox partner ID that customers of a program enter; programs without consent have none. */
export const partnerIdOf = (program: Program | undefined): string | undefined =>
  program?.kind === 'samsung-account' ? program.samsungAccount.partnerId : undefined
