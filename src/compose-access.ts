import { createAssertionIds } from './access/assertion-ids.ts'
import { createAssertionProver } from './access/assertion-prover.ts'
import {
  type CredentialBook,
  NO_CREDENTIALS,
  parseCredentialBook,
} from './access/credential-record.ts'
import { createKeySource } from './access/key-source.ts'
import { createKeyUses } from './access/key-uses.ts'
import { createPortalKeys, type PortalKeys } from './access/portal-keys.ts'
import type { Audit } from './audit/audit.ts'
import type { Config } from './config/config.ts'
import { type ClientAddress, createClientAddress } from './http/client-address.ts'
import { pepperKey } from './portal/api-key.ts'
import { type Authenticator, createAuthenticator } from './portal/authenticate.ts'
import { createAuthenticateAssertion } from './portal/authenticate-assertion.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'
import type { Store } from './vault/store.ts'
import { createWatchedDocument } from './vault/watched-document.ts'

/** Who may call, and what operators do about it. */
export interface Access {
  readonly authenticator: Authenticator
  readonly portalKeys: PortalKeys
  readonly addressOf: ClientAddress
  stop(): void
  /** Resolves when what was noted of the use of keys is written. */
  idle(): Promise<void>
}

/** Wires the keys of portals. @throws ServiceError `store_unavailable` */
export async function composeAccess(deps: {
  readonly config: Config
  readonly store: Store
  readonly audit: Audit
  readonly log: Log
  readonly clock: Clock
}): Promise<Access> {
  const { config, store, audit, log, clock } = deps
  const { portals } = config
  const pepper = pepperKey(config.apiKeyPepper)
  const book = createWatchedDocument<CredentialBook>({
    store,
    empty: NO_CREDENTIALS,
    parse: parseCredentialBook,
    clock,
    log,
  })
  const uses = createKeyUses({ store, clock, log })
  const addressOf = createClientAddress(config.settings.http.trustedProxies)
  const keys = createKeySource({ portals, pepper, book, uses })
  const authenticateAssertion = createAuthenticateAssertion({
    keys,
    prover: createAssertionProver({ audience: config.publicUrl, clock }),
    ids: createAssertionIds({ store, clock }),
    addressOf,
    clock,
  })
  await book.start()

  return {
    authenticator: createAuthenticator({ keys, pepper, addressOf, authenticateAssertion, clock }),
    portalKeys: createPortalKeys({ portals, pepper, book, uses, audit, clock, log }),
    addressOf,
    stop: book.stop,
    idle: uses.idle,
  }
}
