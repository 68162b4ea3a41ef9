import type { Config, Program } from './config/config.ts'
import type { ProgramCredentials } from './knox/credentials.ts'
import type { KnoxKind, KnoxVerifier, TwoLeggedKind } from './knox/kind.ts'
import { createSamsungAccountKind } from './knox/samsung-account-kind.ts'
import { createTwoLeggedKind } from './knox/two-legged-kind.ts'
import { type AddressGuard, createAddressGuard } from './outbound/address-guard.ts'
import type { HostSkew } from './outbound/clock-gauge.ts'
import { type ClockState, createClockGovernor } from './outbound/clock-governor.ts'
import { createReach } from './outbound/public-address.ts'
import { createStreamOutbound, type StreamOutbound } from './outbound/stream-outbound.ts'
import { createOutbound } from './outbound/undici-outbound.ts'
import { createSamsungAccountClient } from './samsung-account/client.ts'
import type { SamsungAccountClient } from './samsung-account/tokens.ts'
import { ServiceError } from './shared/errors.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'

/** Samsung, program by program. */
export interface Upstream {
  readonly clientOf: (programId: string) => SamsungAccountClient
  readonly kindOf: (programId: string) => KnoxKind
  /** Of programs without consent. */
  readonly twoLeggedKindOf: (programId: string) => TwoLeggedKind
  /** Of all programs. */
  readonly verifierOf: (programId: string) => KnoxVerifier
  /** The way of proxied calls. */
  readonly streams: StreamOutbound
  readonly skews: () => readonly HostSkew[]
  readonly clockState: () => ClockState
  /** Hosts of the configuration that are not called, for the addresses they have. */
  readonly refusedHosts: () => readonly string[]
  close(): Promise<void>
}

/** Wires everything that leaves the house: one way out, and a client and a kind per program. */
export function composeUpstream(deps: {
  readonly config: Config
  readonly credentialsOf: (programId: string) => ProgramCredentials
  readonly log: Log
  readonly clock: Clock
}): Upstream {
  const { config, credentialsOf, log, clock } = deps
  const governor = createClockGovernor({ clock, monotonic: () => performance.now(), log })
  const allowedOrigins = config.programs.flatMap(originsOf)
  const guard = createGuard(config, allowedOrigins, log)
  const outbound = createOutbound({
    allowedOrigins,
    ...(guard === undefined ? {} : { guard }),
    timeoutMs: config.settings.upstream.timeoutMs,
    responseLimitBytes: config.settings.upstream.responseLimitBytes,
    clock,
    onResponse: governor.observe,
  })
  const streams = createStreamOutbound({
    allowedOrigins: config.programs.flatMap(({ products }) => products.map((one) => one.baseUrl)),
    ...(guard === undefined ? {} : { guard }),
    connectTimeoutMs: config.settings.upstream.timeoutMs,
    clock,
    onResponse: governor.observe,
  })
  const clients = new Map<string, SamsungAccountClient>()
  const kinds = new Map<string, KnoxKind>()
  const twoLegged = new Map<string, TwoLeggedKind>()
  for (const program of config.programs) {
    const { id } = program
    const access = { outbound, samsungClock: governor, credentials: credentialsOf(id), clock }
    if (program.kind !== 'samsung-account') {
      twoLegged.set(id, createTwoLeggedKind({ program, ...access }))
      continue
    }
    const redirectUri = `${config.publicUrl}/callback/${id}`
    clients.set(id, createSamsungAccountClient({ program, redirectUri, outbound, log }))
    kinds.set(id, createSamsungAccountKind({ program, ...access }))
  }

  return {
    clientOf: (id) => known(clients, id),
    kindOf: (id) => known(kinds, id),
    twoLeggedKindOf: (id) => known(twoLegged, id),
    verifierOf: (id) => twoLegged.get(id) ?? known(kinds, id),
    streams,
    skews: governor.skews,
    clockState: governor.state,
    refusedHosts: () => guard?.refused() ?? [],
    async close() {
      await Promise.all([outbound.close(), streams.close()])
    },
  }
}

/** Development calls whatever it is told: the sandbox is on this machine. */
function createGuard(
  { mode, settings }: Config,
  origins: readonly string[],
  log: Log,
): AddressGuard | undefined {
  if (mode === 'development') return undefined
  const guard = createAddressGuard({
    mayReach: createReach(settings.upstream.allowedAddresses),
    onRefused: (host) => log.error('upstream_address_refused', { host }),
  })
  // Names are judged when they are used; an address is known now.
  for (const origin of origins) guard.admits(new URL(origin).hostname)
  return guard
}

const originsOf = (program: Program) => [
  ...program.products.map(({ baseUrl }) => baseUrl),
  ...(program.kind === 'samsung-account' ? [new URL(program.samsungAccount.tokenUrl).origin] : []),
  new URL(program.knox.baseUrl).origin,
]

/** A stored connection may name a program that has left the configuration, or is of another kind now. */
function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id)
  if (found === undefined) throw new ServiceError('program_not_configured')
  return found
}
