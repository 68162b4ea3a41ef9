import { createHmac, randomBytes } from 'node:crypto'
import {
  createFreezableConnections,
  createFreezableTokens,
} from '../../../../src/access/freezable-vault.ts'
import type { Audit } from '../../../../src/audit/audit.ts'
import type { Breaker } from '../../../../src/breaker/breaker.ts'
import { newConnectionId } from '../../../../src/shared/ids.ts'
import { createLog } from '../../../../src/shared/log.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import { FIRST_BINDING, newConnection } from '../../../../src/vault/connection-transitions.ts'
import { createConnections } from '../../../../src/vault/connections.ts'
import { createDirectory } from '../../../../src/vault/directory.ts'
import { createEnvelope } from '../../../../src/vault/envelope-keys.ts'
import type { HandOut } from '../../../../src/vault/hand-out.ts'
import { createKeyRing } from '../../../../src/vault/key-ring.ts'
import { createMintRecord, createProgramMintRecord } from '../../../../src/vault/mint-record.ts'
import { createMinter } from '../../../../src/vault/minter.ts'
import type { RefreshOutcome } from '../../../../src/vault/outcomes.ts'
import { createProgramTokens } from '../../../../src/vault/program-tokens.ts'
import {
  type Connection,
  type ConsentBinding,
  consentBinding,
} from '../../../../src/vault/record.ts'
import { createRefresher } from '../../../../src/vault/refresher.ts'
import { type RotationPolicy, UNKNOWN_ROTATION } from '../../../../src/vault/rotation.ts'
import type { Store } from '../../../../src/vault/store.ts'
import { createMemoryStore } from '../../../../src/vault/store-memory.ts'
import { sealTokens } from '../../../../src/vault/token-seal.ts'
import { createTokenSource } from '../../../../src/vault/token-source.ts'
import { createUncommitted } from '../../../../src/vault/uncommitted.ts'
import { NO_AUDIT } from '../../../support/audit.ts'
import { createFreezeSet } from '../../access/support/freezes.ts'
import { createSamsung, type SamsungOptions } from './samsung.ts'

export const SETTINGS = {
  leaseMs: 12_000,
  commitBudgetMs: 5_000,
  backoffMinMs: 500,
  backoffMaxMs: 60_000,
  operatorRetryMs: 1_000,
  pollMs: 1,
  timeoutMs: 5_000,
  rejectedIntervalMs: 60_000,
  marginMs: 30_000,
  localCacheMs: 1_000,
  waitMs: 10_000,
}

/** Lets everything pass; the breaker has tests of its own. */
const NEVER_HELD: Breaker = {
  admit: async () => {},
  refused: async () => {},
  accepted: async () => {},
  alarm: () => null,
}

export const PORTAL = 'acme'
export const PROGRAM = 'emm-eu'
const START = Date.parse('2026-11-20T17:00:00Z')

export interface WorldOptions extends Partial<Omit<SamsungOptions, 'clock'>> {
  readonly settings?: Partial<typeof SETTINGS>
  /** What the service knows of this Samsung; nothing when absent. */
  readonly known?: { readonly rotation?: RotationPolicy; readonly breaker?: Breaker }
  /** Told of everything; nobody is when absent. */
  readonly audit?: Audit
  /** Stands between the service and the store. */
  readonly wrapStore?: (store: Store) => Store
}

export type World = ReturnType<typeof createWorld>

/** The vault's real parts over one memory store and one key ring, and a Samsung that can be told what to do. */
export function createWorld(options: WorldOptions = {}) {
  let now = START
  const clock = () => now
  const settings = { ...SETTINGS, ...options.settings }
  const audit = options.audit ?? NO_AUDIT
  const samsung = createSamsung({ clock, ...options })
  const memory = createMemoryStore({ clock })
  const store = options.wrapStore?.(memory) ?? memory
  const vaultKeys = [{ kid: 'k1', key: new Secret(randomBytes(32).toString('base64')) }]
  const envelope = createEnvelope({
    keyRing: createKeyRing(vaultKeys),
    cacheMs: 300_000,
    maxEntries: 1000,
    clock,
  })
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const { frozen, freezes } = createFreezeSet()
  const repositoryOf = (own: Store) =>
    createFreezableConnections(
      createConnections({ store: own, tombstoneMs: 30 * 86_400_000, clock, log }),
      freezes,
    )
  const connections = repositoryOf(store)
  const hashTenantRef = (ref: string) => createHmac('sha256', 'key').update(ref).digest('base64url')
  const directory = createDirectory({ store, connections, hashTenantRef })

  /** One process of the service over a store and a breaker of its own choice. */
  function replica(own: Store = store, breaker: Breaker = options.known?.breaker ?? NEVER_HELD) {
    const outcomes: RefreshOutcome[] = []
    const exchanges: (readonly ['ok' | 'error', number])[] = []
    const metrics = {
      refresh: (_program: string, outcome: RefreshOutcome) => void outcomes.push(outcome),
      mint: (_program: string, outcome: 'ok' | 'error', durationMs: number) =>
        void exchanges.push([outcome, durationMs]),
    }
    const seen = repositoryOf(own)
    const uncommitted = createUncommitted({ settings, clock, log })
    const { rotation = UNKNOWN_ROTATION } = options.known ?? {}
    const rotationOf = () => rotation
    const policy = { ...settings, rotationOf }
    const parts = { connections: seen, envelope, breaker, audit, metrics }
    const deps = { ...parts, settings: policy, clock, log }
    const account = { clientOf: () => samsung.account }
    const refresher = createRefresher({ ...deps, ...account, rotationOf, uncommitted })
    const fingerprint = (token: Secret) =>
      createHmac('sha256', 'fingerprint').update(token.reveal()).digest('base64url').slice(0, 16)
    const record = createMintRecord(audit)
    const kindOf = () => samsung.knox
    const mint = createMinter({ ...deps, refresher, kindOf, fingerprint, record })
    const programTokens = createProgramTokens({
      ...deps,
      store: own,
      kindOf: () => samsung.twoLegged,
      fingerprint,
      record: createProgramMintRecord(audit),
    })
    const source = createFreezableTokens(
      createTokenSource({ ...deps, mint, programTokens }),
      freezes,
    )
    return {
      connections: seen,
      uncommitted,
      refresher,
      mint,
      programTokens,
      source,
      outcomes,
      exchanges,
      ask: (id: string, request: Partial<Parameters<typeof source.handOut>[2]> = {}) =>
        source.handOut(PORTAL, id, { minTtlMs: 60_000, arrivedAt: clock(), ...request }),
    }
  }

  /** Stores a connection as a consent would. */
  async function connect({
    portalId = PORTAL,
    tenantRef = 'tenant-1',
    program = PROGRAM,
    tokens = samsung.consent(),
    renewable = true,
  } = {}) {
    const id = newConnectionId(now)
    const { wrapped, dataKey } = await envelope.create(id)
    const { refreshToken, ...bare } = tokens
    const received = renewable && refreshToken !== undefined ? tokens : bare
    const connection = newConnection(
      {
        id,
        portalId,
        tenantRef,
        program,
        kind: 'samsung-account',
        dataKey: wrapped,
        account: { id: tokens.userId ?? 'ada' },
        tokens: sealTokens(dataKey, FIRST_BINDING, 1, received),
        attempt: 'consent-1',
      },
      now,
    )
    await directory.claim({ portalId, programId: program, tenantRef }, id)
    await directory.add(portalId, id)
    await connections.create(connection)
    return id
  }

  async function connectionOf(id: string): Promise<Connection> {
    const found = await connections.read(id)
    if (found === null) throw new Error('no such connection')
    return found.connection
  }

  return {
    samsung,
    store,
    envelope,
    connections,
    /** Ids of what an operator has frozen. */
    frozen,
    freezes,
    audit,
    directory,
    settings,
    log,
    clock,
    vaultKeys,
    replica,
    connect,
    connectionOf,
    bindingOf: async (id: string): Promise<ConsentBinding> =>
      consentBinding(await connectionOf(id)),
    advance: (ms: number) => {
      now += ms
    },
    /** Log events of a name. */
    events: (name: string) =>
      lines
        .map((line): Record<string, unknown> => JSON.parse(line))
        .filter(({ event }) => event === name),
  }
}

/** Code of the ServiceError that a promise is rejected with; 'resolved' when it is not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'resolved'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

export const tokenOf = (handOut: HandOut): string => handOut.value.reveal()
