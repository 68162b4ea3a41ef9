import type { IncomingMessage } from 'node:http'
import type { ClientAddress } from '../http/client-address.ts'
import type { ServiceError } from '../shared/errors.ts'
import { addressKey } from './address-key.ts'
import type { Limiter, Standing } from './limiter.ts'
import { policyHeader, standingHeader, tighter } from './rate-headers.ts'
import type { Refusals } from './refusals.ts'

/** What a request has been counted for so far. */
export interface Count {
  /** The limit that is nearest to its end; null when there is none. */
  readonly tightest: Standing | null
  /** The limit for which it was one too many; then it was counted for no other. */
  readonly exceeded: Standing | null
  /** How many of the limits know of it. */
  readonly steps: 1 | 2 | 3
}

/** Who sends a request, once that is proven. */
export interface Sender {
  readonly portal: { readonly id: string }
  readonly apiKeyId: string
}

/** What of a request tells where it comes from. */
type Caller = Parameters<ClientAddress>[0]

/** The rates of `/v1`. A request is counted for its address, its key and its connection, in this order. */
export interface ApiLimits {
  /** Counts a request of whoever it may be. */
  arrive(caller: Caller): Promise<Count>
  /** Counts it for its sender, and for the connection that its path names. */
  prove(count: Count, sender: Sender, connectionId: string | null): Promise<Count>
  /** Hands on what was counted, with the request: it is not counted again. */
  keep(req: IncomingMessage, count: Count): void
  /** What was handed on. */
  countOf(req: IncomingMessage): Count | undefined
  /** What every answer says of it; nothing when nothing is limited. */
  headers(count: Count): Readonly<Record<string, string>>
  /** The refusal of a request that was one too many; null when it was not. */
  refusal(count: Count, sender?: Sender): ServiceError | null
}

export interface ApiLimitsDeps {
  readonly perAddress: Limiter | null
  readonly perKey: Limiter | null
  readonly perConnection: Limiter | null
  readonly addressOf: ClientAddress
  readonly refusals: Pick<Refusals, 'limited'>
}

const NOTHING: Count = { tightest: null, exceeded: null, steps: 1 }

const add = (count: Count, standing: Standing | null, steps: Count['steps']): Count => ({
  tightest: tighter(count.tightest, standing),
  exceeded: standing?.exceeded ? standing : null,
  steps,
})

/** Creates the rates of one process. */
export function createApiLimits(deps: ApiLimitsDeps): ApiLimits {
  const { perAddress, perKey, perConnection, addressOf, refusals } = deps
  const counts = new WeakMap<IncomingMessage, Count>()
  const limiters = [perAddress, perKey, perConnection]
  const policyHeaders = [0, 1, 2, 3].map((steps) =>
    policyHeader(limiters.slice(0, steps).flatMap((one) => one?.policy ?? [])),
  )

  return {
    async arrive(caller) {
      const standing = (await perAddress?.take(addressKey(addressOf(caller)))) ?? null
      return add(NOTHING, standing, 1)
    },

    async prove(count, { portal, apiKeyId }, connectionId) {
      if (count.exceeded !== null) return count
      const standing = (await perKey?.take(apiKeyId)) ?? null
      const sum = add(count, standing, 2)
      if (sum.exceeded !== null || connectionId === null) return sum
      // By portal as well: nobody can use up what another portal's connection may.
      return add(sum, (await perConnection?.take(`${portal.id} ${connectionId}`)) ?? null, 3)
    },

    keep: (req, count) => void counts.set(req, count),
    countOf: (req) => counts.get(req),

    headers({ tightest, steps }) {
      if (tightest === null) return {}
      return {
        'RateLimit-Policy': policyHeaders[steps] ?? '',
        RateLimit: standingHeader(tightest),
      }
    },

    refusal({ exceeded }, sender) {
      if (exceeded === null) return null
      if (sender === undefined) return refusals.limited(exceeded)
      return refusals.limited(exceeded, {
        portalId: sender.portal.id,
        apiKeyId: sender.apiKeyId,
      })
    },
  }
}

/** The connection that the target of a request to `/v1` names. */
export const connectionOf = (target: string): string | null =>
  /^\/v1\/connections\/(conn_[0-9a-z]{32})(?:[/?]|$)/.exec(target)?.[1] ?? null
