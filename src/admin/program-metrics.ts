import { Counter, Gauge, type Registry } from 'prom-client'
import type { ProgramState } from './program-report.ts'

/** How reading a key pair again can end. */
const RELOAD_OUTCOMES = ['activated', 'unchanged', 'refused', 'unusable'] as const

export type ReloadOutcome = (typeof RELOAD_OUTCOMES)[number]

/** What is counted of the credentials of programs. */
export interface ProgramMetrics {
  reloaded(programId: string, outcome: ReloadOutcome): void
  /** This process was the first to find that the other Client Identifier is the one to use. */
  promoted(programId: string): void
}

/** Registers the metrics of what programs sign and identify themselves with. */
export function registerProgramMetrics(
  registers: Registry[],
  programs: readonly { readonly id: string; readonly legacyRsa: boolean }[],
  states: () => readonly ProgramState[],
): ProgramMetrics {
  const reloads = new Counter({
    name: 'knoxgate_signing_key_reloads_total',
    help: 'Key pairs that were read again, by what became of them',
    labelNames: ['program', 'outcome'],
    registers,
  })
  const promotions = new Counter({
    name: 'knoxgate_client_identifier_promotions_total',
    help: 'Times this process was the first to go over to the other Client Identifier of a program',
    labelNames: ['program'],
    registers,
  })
  const gauge = (name: string, help: string, read: (state: ProgramState) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['program'],
      registers,
      collect() {
        for (const state of states()) this.set({ program: state.id }, read(state))
      },
    })
  gauge(
    'knoxgate_signing_key_pending',
    '1 while a key pair that was read again waits for its first exchange',
    ({ keys }) => (keys.pending === null ? 0 : 1),
  )
  gauge(
    'knoxgate_signing_key_rejected',
    '1 while the newest file of a key pair is not used, because it is unusable or refused',
    ({ keys }) => (keys.failure === null ? 0 : 1),
  )
  gauge(
    'knoxgate_signing_key_loaded_timestamp_seconds',
    'When the key pair that signs was read',
    ({ keys }) => keys.active.loadedAt / 1000,
  )
  gauge(
    'knoxgate_client_identifier_place',
    '1 while the Client Identifier that the configuration lists first is used, 2 for the other one',
    ({ identifiers }) => identifiers.place,
  )
  const legacy = gauge(
    'knoxgate_legacy_rsa_key',
    '1 for a program that signs with an RSA key of less than 2048 bits',
    ({ keys }) => (keys.active.modulusBits < 2048 ? 1 : 0),
  )
  for (const { id: program, legacyRsa } of programs) {
    legacy.set({ program }, legacyRsa ? 1 : 0)
    promotions.inc({ program }, 0)
    for (const outcome of RELOAD_OUTCOMES) reloads.inc({ program, outcome }, 0)
  }
  return {
    reloaded: (program, outcome) => reloads.inc({ program, outcome }),
    promoted: (program) => promotions.inc({ program }),
  }
}
