import {
  alarmIn,
  parseProgramRecord,
  programRecordId,
  type StoredAlarm,
} from '../../../../src/breaker/breaker-record.ts'
import type { EpochMs } from '../../../../src/shared/time.ts'
import { documentKey } from '../../../../src/vault/store.ts'
import { PROGRAM } from '../support/world.ts'
import type { Process } from './process.ts'
import type { StoreWatcher } from './store-server.ts'

/** What was admitted before everybody knew of an alarm is over by then. */
const KNOWN_AFTER_MS = 6_000
/** A process that could not ask whether renewals are held goes on, and is not to blame. */
const UNTOLD_MS = 6_000
/** A probe is made as soon as it is claimed. */
const PROBE_WITHIN_MS = 3_000

/** While renewals are held, none is made but one probe per interval. */
export interface HeldRule extends StoreWatcher {
  /** @returns what is wrong with this process spending a refresh token now. */
  judgeSpending(process: Process): readonly string[]
}

export function createHeldRule(now: () => EpochMs): HeldRule {
  const key = documentKey(programRecordId(PROGRAM))
  const texts: string[] = []
  let heldSince: EpochMs | null = null
  let probe = { claimedAt: 0, spent: 0 }

  function look(): void {
    const text = texts.at(-1)
    const alarm: StoredAlarm | undefined =
      text === undefined ? undefined : alarmIn(parseProgramRecord(text), 'refresh')
    heldSince = alarm === undefined ? null : (heldSince ?? now())
    const claimedAt = alarm?.probedAt ?? 0
    if (claimedAt !== probe.claimedAt) probe = { claimedAt, spent: 0 }
  }

  return {
    applied(write) {
      if (write.key !== key) return
      texts.push(write.text)
      look()
    },
    answered() {},
    takenBack(writes) {
      texts.splice(texts.length - writes.filter(({ write }) => write.key === key).length)
      look()
    },

    judgeSpending(process) {
      probe.spent += 1
      const isUntold =
        now() - Math.max(process.lastStoreFault(), process.stoppedUntil()) < UNTOLD_MS
      if (heldSince === null || now() - heldSince < KNOWN_AFTER_MS || isUntold) return []
      const isProbe = probe.spent === 1 && now() - probe.claimedAt < PROBE_WITHIN_MS
      return isProbe ? [] : ['a refresh token was spent while renewals are held']
    },
  }
}
