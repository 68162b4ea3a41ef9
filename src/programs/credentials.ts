import type { ProgramCredentials } from '../knox/credentials.ts'
import type { ClientIdentifiers } from './client-identifiers.ts'
import type { SigningKeys } from './signing-keys.ts'

/**
 * Creates what one program's exchanges are made with. One thing is tried at a time: a key that waits is shown
 * with the Client Identifier that is used, so that a refusal can be meant for the key only.
 */
export const createProgramCredentials = (deps: {
  readonly keys: SigningKeys
  readonly identifiers: ClientIdentifiers
}): ProgramCredentials => ({
  exchange: (attempt) =>
    deps.keys.exchange((key, isTrial) =>
      isTrial
        ? attempt({ key, clientIdentifier: deps.identifiers.active() })
        : deps.identifiers.exchange((clientIdentifier) => attempt({ key, clientIdentifier })),
    ),
})
