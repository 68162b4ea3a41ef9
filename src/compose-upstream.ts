import type { Config, Program } from './config/config.ts'
import type { KnoxKind } from './knox/kind.ts'
import { createSamsungAccountKind } from './knox/samsung-account-kind.ts'
import type { HostSkew } from './outbound/clock-gauge.ts'
import { type ClockState, createClockGovernor } from './outbound/clock-governor.ts'
import { createOutbound } from './outbound/undici-outbound.ts'
import { createSamsungAccountClient } from './samsung-account/client.ts'
import type { SamsungAccountClient } from './samsung-account/tokens.ts'
import { ServiceError } from './shared/errors.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'
import { createSigner } from './signing/signer.ts'

/** Samsung, program by program. */
export interface Upstream {
  readonly clientOf: (programId: string) => SamsungAccountClient
  readonly kindOf: (programId: string) => KnoxKind
  readonly skews: () => readonly HostSkew[]
  readonly clockState: () => ClockState
  close(): Promise<void>
}

/** Wires everything that leaves the house: one way out, and a client and a kind per program. */
export function composeUpstream(deps: {
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
}): Upstream {
  const { config, log, clock } = deps
  const governor = createClockGovernor({ clock, monotonic: () => performance.now(), log })
  const outbound = createOutbound({
    allowedOrigins: config.programs.flatMap(originsOf),
    timeoutMs: config.settings.upstream.timeoutMs,
    responseLimitBytes: config.settings.upstream.responseLimitBytes,
    clock,
    onResponse: governor.observe,
  })
  const clients = new Map<string, SamsungAccountClient>()
  const kinds = new Map<string, KnoxKind>()
  for (const program of config.programs) {
    const redirectUri = `${config.publicUrl}/callback/${program.id}`
    clients.set(program.id, createSamsungAccountClient({ program, redirectUri, outbound, log }))
    const signer = createSigner(program.keys)
    const access = { program, outbound, samsungClock: governor }
    kinds.set(program.id, createSamsungAccountKind({ ...access, signer, clock }))
  }

  return {
    clientOf: (id) => known(clients, id),
    kindOf: (id) => known(kinds, id),
    skews: governor.skews,
    clockState: governor.state,
    close: outbound.close,
  }
}

const originsOf = ({ samsungAccount, knox }: Program) => [
  new URL(samsungAccount.tokenUrl).origin,
  new URL(knox.baseUrl).origin,
]

/** A stored connection may name a program that has left the configuration. */
function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id)
  if (found === undefined) throw new ServiceError('program_not_configured')
  return found
}
