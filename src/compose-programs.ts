import { createHmac } from 'node:crypto'
import type { Metrics } from './admin/metrics.ts'
import type { ProgramState } from './admin/program-report.ts'
import type { Audit } from './audit/audit.ts'
import type { ProbeAttempts } from './breaker/probe-attempts.ts'
import type { Config, Program } from './config/config.ts'
import { diskFiles } from './config/disk-files.ts'
import { createKeysReader } from './config/keys-reader.ts'
import { parseKeys } from './config/read-config.ts'
import type { ProgramCredentials } from './knox/credentials.ts'
import { type ClientIdentifiers, createClientIdentifiers } from './programs/client-identifiers.ts'
import { createProgramCredentials } from './programs/credentials.ts'
import { createKeyReload, type KeyReload } from './programs/key-reload.ts'
import { createKeyVerifier } from './programs/key-verifier.ts'
import { createProgramReports } from './programs/reports.ts'
import { createSharedPromotions } from './programs/shared-promotions.ts'
import { createSigningKeys, type SigningKeys } from './programs/signing-keys.ts'
import { ServiceError } from './shared/errors.ts'
import type { Log } from './shared/log.ts'
import type { Secret } from './shared/secret.ts'
import type { Clock } from './shared/time.ts'
import type { Connections } from './vault/connections.ts'
import { derivePurposeKey } from './vault/derive-keys.ts'
import type { Directory } from './vault/directory.ts'
import type { Store } from './vault/store.ts'

/** What programs sign and identify themselves with, and how it changes while the process runs. */
export interface Credentials {
  /** @throws ServiceError `program_not_configured` */
  readonly credentialsOf: (programId: string) => ProgramCredentials
  readonly states: () => readonly ProgramState[]
  /** Learns what other replicas know. @throws ServiceError `store_unavailable` */
  start(store: Store): Promise<void>
  /** Wires the reload of key files, once there is something to try them with. */
  reloadWith(vault: {
    readonly connections: Connections
    readonly directory: Directory
    readonly attempts: ProbeAttempts
  }): KeyReload
  stop(): void
  idle(): Promise<void>
}

interface Held {
  readonly program: Program
  readonly keys: SigningKeys
  readonly identifiers: ClientIdentifiers
  readonly credentials: ProgramCredentials
}

/** Wires the credentials of all programs, as the configuration has them. */
export function composePrograms(deps: {
  readonly config: Config
  readonly metrics: Metrics
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
  readonly clock: Clock
}): Credentials {
  const { config, metrics, audit, log, clock } = deps
  const reports = createProgramReports({ audit, log, metrics: metrics.credentials })
  const shared = createSharedPromotions({ onNew: reports.promoted, clock, log })
  const key = derivePurposeKey(Buffer.from(config.apiKeyPepper.reveal()), 'client-identifier')
  const fingerprint = (identifier: Secret): string =>
    createHmac('sha256', key).update(identifier.reveal()).digest('base64url').slice(0, 16)

  function hold(program: Program): Held {
    const { id: programId, clientIdentifier, nextClientIdentifier: next } = program
    const { activated, refused } = reports.keysOf(programId)
    const keys = createSigningKeys({
      pair: program.keys,
      onActivated: activated,
      onRefused: refused,
      clock,
    })
    const identifiers = createClientIdentifiers({
      programId,
      identifiers: [clientIdentifier, ...(next === undefined ? [] : [next])],
      fingerprint,
      shared,
      pauseMs: config.settings.breaker.probeIntervalMs,
      clock,
    })
    const credentials = createProgramCredentials({ keys, identifiers })
    return { program, keys, identifiers, credentials }
  }

  const held = new Map(config.programs.map((program) => [program.id, hold(program)]))
  const all = [...held.values()]
  const states = () =>
    all.map(({ program: { id }, keys, identifiers }) => ({
      id,
      keys: keys.state(),
      identifiers: identifiers.state(),
    }))
  metrics.programs(states)

  return {
    states,
    credentialsOf(programId) {
      const found = held.get(programId)
      if (found === undefined) throw new ServiceError('program_not_configured')
      return found.credentials
    },
    async start(store) {
      const isNeeded = config.programs.some((one) => one.nextClientIdentifier !== undefined)
      if (isNeeded) await shared.start(store)
    },
    reloadWith: ({ connections, directory, attempts }) =>
      createKeyReload({
        programs: reloadable(config, all),
        verifier: createKeyVerifier({ portals: config.portals, directory, connections, attempts }),
        report: reports.reload,
      }),
    stop: shared.stop,
    idle: shared.idle,
  }
}

/** Programs whose key pair came from a variable keep it: a process cannot be given another environment. */
function reloadable({ mode }: Config, all: readonly Held[]) {
  const read = createKeysReader(diskFiles, parseKeys, mode === 'strict')
  return all.flatMap(({ program, keys }) => {
    const { id, region, keysFile } = program
    if (keysFile === undefined) return []
    const elsewhere = () =>
      all
        .filter((other) => other.program.region !== region)
        .map((other) => other.keys.state().active.thumbprint)
    return [{ id, keys, read: () => read(keysFile, program, elsewhere()) }]
  })
}
