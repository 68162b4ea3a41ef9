import type { ConnectionId } from '../../../../src/shared/ids.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import { sleep } from '../../../../src/shared/time.ts'
import { FIRST_BINDING, newConnection } from '../../../../src/vault/connection-transitions.ts'
import type { DataKey } from '../../../../src/vault/envelope.ts'
import { createEnvelope } from '../../../../src/vault/envelope-keys.ts'
import { createKeyRing } from '../../../../src/vault/key-ring.ts'
import { type Connection, currentBinding } from '../../../../src/vault/record.ts'
import { documentKey } from '../../../../src/vault/store.ts'
import { openAccessToken, sealTokens } from '../../../../src/vault/token-seal.ts'
import { PORTAL, PROGRAM } from '../support/world.ts'
import { createLedger, type Ledger, type Stored } from './ledger.ts'
import { createLogWatch, givesAway } from './log-watch.ts'
import { createProcess, type Process } from './process.ts'
import { createRandom, type Random } from './random.ts'
import { type Replica, SETTINGS, startReplica } from './replica.ts'
import type { Report } from './report.ts'
import { createSamsungPorts, type SamsungPorts, userOf } from './samsung-ports.ts'
import { createSamsungTruth, type SamsungTruth } from './samsung-truth.ts'
import { CONNECTIONS, policyOf, type Setup, SLOTS } from './setup.ts'
import { createSpendingRules } from './spending-rules.ts'
import { createStoreLine, type StoreLine } from './store-line.ts'
import { createStoreServer, type StoreServer } from './store-server.ts'
import { createVerdict, type Verdict } from './verdict.ts'
import type { VirtualTime } from './virtual-time.ts'
import { judgeWrite } from './write-rules.ts'

const MINUTE = 60_000
/** Short, so that a run sees many renewals. */
export const ACCESS_LIFE_MS = 4 * MINUTE
const KNOX_LIFE_MS = 2 * MINUTE

/** Replicas, their store and Samsung, and everybody who watches them. */
export interface World {
  readonly setup: Setup
  readonly time: VirtualTime
  readonly report: Report
  readonly random: Random
  readonly ids: readonly ConnectionId[]
  readonly truth: SamsungTruth
  readonly samsung: SamsungPorts
  readonly server: StoreServer
  /** One for each place. */
  readonly lines: readonly StoreLine[]
  readonly ledger: Ledger
  readonly verdict: Verdict
  /** The process that runs in a place now. */
  replica(slot: number): Replica
  /** All that ever ran. */
  processes(): readonly Process[]
  /** Starts another process in the place of one. */
  replace(slot: number): void
  /** Those who want to be told of a failover. */
  tellOfFailover(): void
}

/** Ids are part of what decides when a connection is due. */
function idOf(random: Random, index: number): ConnectionId {
  const digits = Array.from({ length: 31 }, () => random.below(10))
  return `conn_${digits.join('')}${index}`
}

function describe(stored: Stored): string {
  if (stored.type === 'tombstone') return `${stored.id.slice(-1)} tombstone`
  const { refresh, knoxToken, lastError } = currentBinding(stored)
  const attempt = refresh.attempt === undefined ? '' : ` by ${refresh.attempt.slice(0, 4)}`
  const recovering = refresh.recovering === true ? ' recovering' : ''
  return (
    `${stored.id.slice(-1)} g${stored.generation} ${refresh.state}${attempt}${recovering}` +
    ` (knox g${knoxToken?.generation ?? '-'}, ${lastError?.code ?? 'no error'})`
  )
}

/** Creates the world and lets everybody consent. */
export async function createWorld(setup: Setup, time: VirtualTime, report: Report): Promise<World> {
  const { now } = time
  const random = createRandom(setup.seed)
  const ids = Array.from({ length: CONNECTIONS }, (_, index) => idOf(random, index))
  const dataKeys = new Map<string, DataKey>()
  const truth = createSamsungTruth({ ...setup, accessLifeMs: ACCESS_LIFE_MS, now })

  function issueIn(connection: Connection) {
    const dataKey = dataKeys.get(connection.id)
    if (dataKey === undefined) return undefined
    return truth.issueOf(openAccessToken(dataKey, currentBinding(connection)).reveal())
  }

  const ledger = createLedger({
    ids,
    now,
    issueIn,
    onApplied(change) {
      const { process, text } = change.write
      report.trace(process.name, `wrote ${describe(change.after)}`)
      if (givesAway(text)) report.problem('a stored text gives away a secret')
      for (const what of judgeWrite(truth, issueIn, change)) report.problem(what)
    },
  })
  const server = createStoreServer(now, ledger)
  const rules = createSpendingRules({ truth, ledger, now })
  const logs = createLogWatch({
    report,
    onRecovery(connectionId, attempt) {
      for (const what of rules.judgeRecovery(connectionId, attempt)) report.problem(what)
    },
  })
  const samsung = createSamsungPorts({
    truth,
    random,
    ...SETTINGS,
    knoxLifeMs: KNOX_LIFE_MS,
    now,
    report,
    onPresented(process, token) {
      const connectionId = truth.grantOf(token)?.connectionId ?? ''
      const isRecovery = logs.takeRecovery(process, connectionId)
      const judged = rules.judgeSpending(process, connectionId, isRecovery)
      for (const what of judged.problems) report.problem(what)
      return { connectionId, isRecovery, generation: judged.intent?.generation ?? 0 }
    },
  })

  const listeners: { readonly process: Process; readonly tell: () => void }[] = []
  const onListener = (process: Process, tell: () => void) => void listeners.push({ process, tell })
  const lines = Array.from({ length: SLOTS }, () =>
    createStoreLine({ server, random, now, onListener }),
  )
  const vaultKeys = [{ kid: 'k1', key: new Secret(Buffer.alloc(32, 7).toString('base64')) }]
  const keyRing = createKeyRing(vaultKeys)
  const processes: Process[] = []
  const replicas: Replica[] = []

  function start(slot: number): void {
    const skewMs = setup.skewsMs[slot] ?? 0
    const process = createProcess({ name: `p${processes.length}@${slot}`, slot, skewMs, now })
    const [line] = lines.slice(slot)
    if (line === undefined) throw new RangeError('there is no such place')
    processes.push(process)
    replicas[slot] = startReplica({
      process,
      store: line.storeOf(process),
      account: samsung.accountOf(process),
      knox: samsung.knoxOf(process),
      keyRing,
      rotation: policyOf(setup),
      hasBreaker: setup.hasBreaker,
      log: logs.logOf(process),
    })
    process.onEnd(() => {
      report.trace(process.name, `ended: ${process.end()?.reason}`)
      if (replicas[slot]?.process === process) start(slot)
    })
  }
  for (let slot = 0; slot < SLOTS; slot += 1) start(slot)

  const sealing = createEnvelope({ keyRing, cacheMs: 300_000, maxEntries: 100, clock: now })
  const founder = createProcess({ name: 'setup', slot: 0, skewMs: 0, now })
  for (const id of ids) {
    const { wrapped, dataKey } = await sealing.create(id)
    dataKeys.set(id, dataKey)
    const { access, refresh, accessExpiresAt } = truth.consent(id)
    const received = {
      accessToken: new Secret(access),
      refreshToken: new Secret(refresh),
      accessExpiresAt,
      receivedAt: now(),
    }
    const made = {
      id,
      portalId: PORTAL,
      tenantRef: `tenant-${id}`,
      program: PROGRAM,
      kind: 'samsung-account' as const,
      dataKey: wrapped,
      account: { id: userOf(id) },
      tokens: sealTokens(dataKey, FIRST_BINDING, 1, received),
      attempt: `consent-${id}`,
    }
    const text = JSON.stringify(newConnection(made, now()))
    const write = { process: founder, key: documentKey(id), revision: 0, text, writeId: id }
    await server.apply({ ...write, options: { durable: true } })
  }
  server.settle()

  /** Soon after the change, and again in case it was too soon. */
  async function tellTwice(process: Process, tell: () => void): Promise<void> {
    for (const withinMs of [1500, 5000]) {
      await sleep(1 + random.below(withinMs))
      await process.running()
      tell()
    }
  }

  return {
    setup,
    time,
    report,
    random,
    ids,
    truth,
    samsung,
    server,
    lines,
    ledger,
    verdict: createVerdict({ truth, ledger, issueIn, leaseMs: SETTINGS.leaseMs }),
    replica(slot) {
      const found = replicas[slot]
      if (found === undefined) throw new RangeError('there is no such place')
      return found
    },
    processes: () => processes,
    replace: start,
    tellOfFailover() {
      for (const { process, tell } of listeners) void tellTwice(process, tell)
    },
  }
}
