import { createAssertionIds } from '../../../../src/access/assertion-ids.ts'
import { createAssertionProver } from '../../../../src/access/assertion-prover.ts'
import type { CredentialBook } from '../../../../src/access/credential-record.ts'
import { NO_CREDENTIALS, parseCredentialBook } from '../../../../src/access/credential-record.ts'
import { createKeySource } from '../../../../src/access/key-source.ts'
import { createKeyUses } from '../../../../src/access/key-uses.ts'
import { createPortalKeys } from '../../../../src/access/portal-keys.ts'
import type { Audit, AuditEvent } from '../../../../src/audit/audit.ts'
import type { Portal } from '../../../../src/config/config.ts'
import { pepperKey } from '../../../../src/portal/api-key.ts'
import { type Caller, createAuthenticator } from '../../../../src/portal/authenticate.ts'
import { createAuthenticateAssertion } from '../../../../src/portal/authenticate-assertion.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import type { Store } from '../../../../src/vault/store.ts'
import { createMemoryStore } from '../../../../src/vault/store-memory.ts'
import { createWatchedDocument } from '../../../../src/vault/watched-document.ts'
import { AUDIENCE } from '../../../support/assertions.ts'
import { NO_AUDIT } from '../../../support/audit.ts'
import { recordLog } from '../../http/serve.ts'

export const PEPPER = new Secret('a pepper of at least thirty-two characters')

export const portalOf = (id: string, changes: Partial<Portal> = {}): Portal => ({
  id,
  name: id,
  returnUrls: [],
  programs: ['emm-eu', 'emm-us'],
  apiKeys: [],
  ...changes,
})

/** The keys of portals over a store in memory, and who is let in by them. */
export function createKeysWorld(
  portals: readonly Portal[] = [portalOf('acme'), portalOf('other')],
) {
  let now = Date.parse('2026-11-20T17:00:00Z')
  const clock = () => now
  const store = createMemoryStore({ clock })
  const { log, lines } = recordLog()
  const events: AuditEvent[] = []
  const seen = { writable: true }
  const audit: Audit = {
    ...NO_AUDIT,
    note: (event) => void events.push(event),
    assertWritable() {
      if (!seen.writable) throw new TypeError('nothing can be written')
    },
  }
  const pepper = pepperKey(PEPPER)

  /** One process. */
  function replica(own: Store = store) {
    const book = createWatchedDocument<CredentialBook>({
      store: own,
      empty: NO_CREDENTIALS,
      parse: parseCredentialBook,
      clock,
      log,
    })
    const uses = createKeyUses({ store: own, clock, log })
    const keys = createPortalKeys({ portals, pepper, book, uses, audit, clock, log })
    const source = createKeySource({ portals, pepper, book, uses })
    const addressOf = ({ socket }: Caller) => socket.remoteAddress ?? null
    const authenticateAssertion = createAuthenticateAssertion({
      keys: source,
      prover: createAssertionProver({ audience: AUDIENCE, clock }),
      ids: createAssertionIds({ store: own, clock }),
      addressOf,
      clock,
    })
    const authenticator = createAuthenticator({
      keys: source,
      pepper,
      addressOf,
      authenticateAssertion,
      clock,
    })
    return { book, uses, keys, source, authenticator }
  }

  return {
    store,
    clock,
    lines,
    events,
    seen,
    replica,
    advance(ms: number) {
      now += ms
    },
  }
}
