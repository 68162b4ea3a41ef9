import { KnoxError, type KnoxFailureKind } from '../knox/kind.ts'
import type { MintRecord } from '../vault/mint-record.ts'
import type { Mint } from '../vault/minter.ts'
import type { Limiter } from './limiter.ts'
import type { Refusals } from './refusals.ts'

/** How many exchanges with Knox one connection may cause. */
export interface MintBudget {
  /** The same minter for callers who have asked too often already: `rate_limited`. */
  guard(mint: Mint): Mint
  /** The same record, which counts exchanges. */
  count(record: MintRecord): MintRecord
}

/** Of these nobody's calls are the cause, and an outage must not use up what is needed after it. */
const NOT_COUNTED: ReadonlySet<KnoxFailureKind> = new Set(['transient', 'operator'])

/** Creates the budget. @param limiter - Null: there is no limit. */
export function createMintBudget(
  limiter: Limiter | null,
  refusals: Pick<Refusals, 'limited'>,
): MintBudget {
  if (limiter === null) return { guard: (mint) => mint, count: (record) => record }
  const note = (connectionId: string): void => void limiter.take(connectionId)

  return {
    guard: (mint) => async (connectionId, request) => {
      const standing = await limiter.look(connectionId)
      if (standing.remaining === 0) throw refusals.limited(standing, { connectionId })
      return mint(connectionId, request)
    },

    count: (record) => ({
      ...record,
      async made(connection, tokenId) {
        note(connection.id)
        await record.made(connection, tokenId)
      },
      failed(connection, error) {
        if (error instanceof KnoxError && !NOT_COUNTED.has(error.kind)) note(connection.id)
        record.failed(connection, error)
      },
    }),
  }
}
