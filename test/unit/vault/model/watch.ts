import type { DataKey } from '../../../../src/vault/envelope.ts'
import { type Connection, consentBinding } from '../../../../src/vault/record.ts'
import { openAccessToken } from '../../../../src/vault/token-seal.ts'
import { createHeldRule } from './held-rule.ts'
import { type Change, createLedger, type Ledger, type Stored } from './ledger.ts'
import { createLogWatch, givesAway, type LogWatch } from './log-watch.ts'
import { SETTINGS } from './parts.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import type { Report } from './report.ts'
import { createSamsungPorts, type SamsungPorts } from './samsung-ports.ts'
import { createSamsungTruth, type Issue, type SamsungTruth } from './samsung-truth.ts'
import type { Setup } from './setup.ts'
import { createSpendingRules } from './spending-rules.ts'
import { createStoreServer, type StoreServer, type StoreWatcher } from './store-server.ts'
import { createVerdict, type Verdict } from './verdict.ts'
import type { VirtualTime } from './virtual-time.ts'
import { judgeWrite } from './write-rules.ts'

const MINUTE = 60_000
/** Short, so that a run sees many renewals. */
export const ACCESS_LIFE_MS = 4 * MINUTE
const KNOX_LIFE_MS = 2 * MINUTE

/** What stands around the replicas, and sees whether all they do is right. */
export interface Watch {
  readonly truth: SamsungTruth
  readonly samsung: SamsungPorts
  readonly server: StoreServer
  readonly ledger: Ledger
  readonly logs: LogWatch
  readonly verdict: Verdict
}

export interface WatchDeps {
  readonly setup: Setup
  readonly time: VirtualTime
  readonly random: Random
  readonly report: Report
  readonly dataKeys: ReadonlyMap<string, DataKey>
}

export function createWatch({ setup, time, random, report, dataKeys }: WatchDeps): Watch {
  const { now } = time
  function reportAll(problems: readonly string[]): void {
    for (const what of problems) report.problem(what)
  }
  const truth = createSamsungTruth({ ...setup, accessLifeMs: ACCESS_LIFE_MS, now })

  function issueIn(connection: Connection): Issue | undefined {
    const dataKey = dataKeys.get(connection.id)
    if (dataKey === undefined) return undefined
    return truth.issueOf(openAccessToken(dataKey, consentBinding(connection)).reveal())
  }

  function onApplied(change: Change): void {
    const { process, text } = change.write
    report.trace(process.name, `wrote ${describe(change.after)}`)
    if (givesAway(text)) report.problem('a stored text gives away a secret')
    reportAll(judgeWrite(truth, issueIn, change))
  }

  const ledger = createLedger({ ids: [...dataKeys.keys()], now, issueIn, onApplied })
  const rules = createSpendingRules({ truth, ledger, now })
  const heldRule = createHeldRule(now)
  const logs = createLogWatch({
    report,
    onRecovery: (connectionId, attempt) => reportAll(rules.judgeRecovery(connectionId, attempt)),
  })

  function onPresented(process: Process, token: string) {
    const connectionId = truth.grantOf(token)?.connectionId ?? ''
    const isRecovery = logs.takeRecovery(process, connectionId)
    const { intent, problems } = rules.judgeSpending(process, connectionId, token, isRecovery)
    reportAll(problems)
    reportAll(heldRule.judgeSpending(process))
    return { connectionId, isRecovery, generation: intent?.generation ?? 0 }
  }

  const times = { ...SETTINGS, knoxLifeMs: KNOX_LIFE_MS, now }
  return {
    truth,
    samsung: createSamsungPorts({ truth, random, report, onPresented, ...times }),
    server: createStoreServer(now, allOf(ledger, heldRule)),
    ledger,
    logs,
    verdict: createVerdict({ truth, ledger, issueIn, leaseMs: SETTINGS.leaseMs }),
  }
}

function allOf(...watchers: readonly StoreWatcher[]): StoreWatcher {
  return {
    applied(write) {
      for (const one of watchers) one.applied(write)
    },
    answered(write, result) {
      for (const one of watchers) one.answered(write, result)
    },
    takenBack(writes) {
      for (const one of watchers) one.takenBack(writes)
    },
  }
}

function describe(stored: Stored): string {
  const name = stored.id.slice(-1)
  if (stored.type === 'tombstone') return `${name} tombstone`
  const { refresh, knoxToken, lastError } = consentBinding(stored)
  const attempt = refresh.attempt === undefined ? '' : ` by ${refresh.attempt.slice(0, 4)}`
  const recovering = refresh.recovering === true ? ' recovering' : ''
  return (
    `${name} g${stored.generation} ${refresh.state}${attempt}${recovering}` +
    ` (knox g${knoxToken?.generation ?? '-'}, ${lastError?.code ?? 'no error'})`
  )
}
