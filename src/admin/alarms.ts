import type { Operation, ProgramAlarm } from '../breaker/breaker.ts'
import { toRfc3339 } from '../shared/time.ts'

/** The fields of a report about programs that are held. */
export const alarmFields = (alarms: readonly ProgramAlarm[]): object => ({
  breakers: alarms.map(({ programId, operation, upstream, since }) => ({
    program: programId,
    operation,
    since: toRfc3339(since),
    upstream: { service: upstream.service, status: upstream.status, code: upstream.code },
  })),
})

const HELD: Readonly<Record<Operation, string>> = {
  refresh: 'renewals of its Samsung tokens',
  exchange: 'exchanges for Knox tokens',
}

/** The same in sentences. */
export const alarmWarnings = (alarms: readonly ProgramAlarm[]): readonly string[] =>
  alarms.map(({ programId, operation, upstream: { code, status } }) => {
    const said = code ?? (status === undefined ? 'no code' : `status ${status}`)
    return `Samsung refuses the credentials of program ${programId} (${said}): ${HELD[operation]} are held`
  })
