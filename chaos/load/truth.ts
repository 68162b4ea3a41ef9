import { parseVaultKeys } from '../../src/config/vault-keys.ts'
import { createEnvelope } from '../../src/vault/envelope-keys.ts'
import { createKeyRing } from '../../src/vault/key-ring.ts'
import type { RefreshState } from '../../src/vault/record.ts'
import { openRefreshToken } from '../../src/vault/token-seal.ts'
import type { Rig } from '../../test/support/service-rig.ts'
import { storedConnection } from '../../test/support/stored-connection.ts'

/** A connected customer: the connection here, and the family of tokens at Samsung. */
export interface Tenant {
  readonly id: string
  readonly family: string
}

/** How a connection is stored, beside what Samsung says of it. */
export interface Standing {
  readonly tenant: Tenant
  readonly state: RefreshState['state']
  readonly reason: string
  readonly generation: number
  /**
   * What Samsung would make of the stored refresh token now.
   *
   * - `live`: it is the one that is good.
   * - `in_grace`: it was replaced, and the exchange may still be repeated.
   * - `overtaken`: Samsung has replaced it, and the successor is not stored.
   * - `over`: Samsung has ended the family, or knows no such token.
   */
  readonly held: 'live' | 'in_grace' | 'overtaken' | 'over'
}

/** Compares what the services have stored with what Samsung has issued. */
export interface Truth {
  /** Finds the family of a connection whose stored token is the live one. @throws Error when it is not */
  meet(connectionId: string): Promise<Tenant>
  look(tenant: Tenant): Promise<Standing>
}

/** The services' own keys open what they have stored. */
export function createTruth({ stack, sandbox, db }: Rig): Truth {
  const keyRing = createKeyRing(parseVaultKeys(stack.env.VAULT_KEYS ?? '', false) ?? [])
  const envelope = createEnvelope({ keyRing, cacheMs: 1000, maxEntries: 1000, clock: Date.now })

  async function stored(id: string) {
    const { record, binding } = await storedConnection(db, id)
    const dataKey = await envelope.open(record.id, record.dataKey)
    const token = openRefreshToken(dataKey, binding)?.reveal() ?? ''
    return { record, binding, token }
  }

  function heldBy(family: string, token: string): Standing['held'] {
    const known = sandbox.state.refreshTokens.get(token)
    if (known === undefined || sandbox.state.families.get(family)?.revokedBy !== null) return 'over'
    if (known.status === 'live') return 'live'
    const { rotation, rotationGraceSeconds } = sandbox.state.settings
    const graceEnds = (known.exchanged?.at ?? 0) + rotationGraceSeconds * 1000
    return rotation === 'grace' && Date.now() < graceEnds ? 'in_grace' : 'overtaken'
  }

  return {
    async meet(id) {
      const { token } = await stored(id)
      const known = sandbox.state.refreshTokens.get(token)
      if (known?.status !== 'live') throw new Error('a new connection does not hold a live token')
      return { id, family: known.familyId }
    },

    async look(tenant) {
      const { record, binding, token } = await stored(tenant.id)
      return {
        tenant,
        state: binding.refresh.state,
        reason: binding.refresh.reason ?? '',
        generation: record.generation,
        held: heldBy(tenant.family, token),
      }
    },
  }
}
