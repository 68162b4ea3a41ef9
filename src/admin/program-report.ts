import type { IdentifierState } from '../programs/client-identifiers.ts'
import type { KeyFacts, KeyState } from '../programs/signing-keys.ts'
import { toRfc3339 } from '../shared/time.ts'

/** What one program signs and identifies itself with now. */
export interface ProgramState {
  readonly id: string
  readonly keys: KeyState
  readonly identifiers: IdentifierState
}

/** The fields of a report about the credentials of programs. */
export const programFields = (programs: readonly ProgramState[]): object => ({
  keys: programs.map(({ id, keys: { active, pending, failure } }) => ({
    program: id,
    ...viewKey(active),
    pending: pending === null ? null : viewKey(pending),
    rejected:
      failure === null
        ? null
        : { at: toRfc3339(failure.at), outcome: failure.outcome, reason: failure.reason },
  })),
  client_identifiers: programs.map(({ id, identifiers }) => ({
    program: id,
    configured: identifiers.configured,
    place: identifiers.place,
    fingerprint: identifiers.fingerprint,
  })),
})

const viewKey = ({ thumbprint, modulusBits, loadedAt }: KeyFacts) => ({
  thumbprint,
  modulus_bits: modulusBits,
  loaded_at: toRfc3339(loadedAt),
})

/** What is worth a look about them, in sentences. */
export const programWarnings = (programs: readonly ProgramState[]): readonly string[] =>
  programs.flatMap(({ id, keys: { pending, failure }, identifiers }) => [
    ...(identifiers.place === 1
      ? []
      : [
          `program ${id} uses its next_client_identifier, since Samsung refused the other one: the configuration still lists the old one first`,
        ]),
    ...(pending === null
      ? []
      : [
          `the new key pair of program ${id} waits for its first exchange; the one before it signs until then`,
        ]),
    ...(failure === null
      ? []
      : [
          `the newest key pair of program ${id} is not used (${failure.outcome}: ${failure.reason}); the one before it signs`,
        ]),
  ])
