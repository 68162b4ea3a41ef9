import type { Router } from 'express'
import type { Consent, Parts } from './compose-consent.ts'
import { createIdempotency } from './idempotency/idempotency.ts'
import type { Door } from './portal/admit.ts'
import { createAnswerOnce } from './portal/answer-once.ts'
import { createConnectionRouter } from './portal/connection-routes.ts'
import { createViewConnection } from './portal/connection-view.ts'
import { createCreateConnection } from './portal/create-connection.ts'
import { createDeleteConnection } from './portal/delete-connection.ts'
import type { CountHandOut } from './portal/hand-out-count.ts'
import { createListConnections } from './portal/list-connections.ts'
import { createSessionRouter } from './portal/session-routes.ts'
import type { TokenAnswer } from './portal/token-answer.ts'
import { createVerifyConnection } from './portal/verify-connection.ts'
import { isProxyOnly, partnerIdOf } from './program-facts.ts'
import { derivePurposeKey } from './vault/derive-keys.ts'

/** Samsung's validity when none is asked for, in minutes. */
const DEFAULT_VALIDITY_MINUTES = 30

/** Wires the portal's journey: the routers of `/v1`. */
export function composePortal(
  parts: Parts & {
    readonly consent: Consent
    readonly door: Door
    readonly tokenAnswer: TokenAnswer
    readonly countHandOut: CountHandOut
  },
): readonly Router[] {
  const { config, programs, upstream, vault, consent, door, audit, log, clock } = parts
  const { connections, directory, envelope, breaker, tokenSource } = vault
  const { idempotency, knoxToken, http } = config.settings
  const { admit } = door
  const viewConnection = createViewConnection({ envelope, breaker, clock })
  const validityMs = (programId: string) =>
    (programs.get(programId)?.knox.validityMinutes ?? DEFAULT_VALIDITY_MINUTES) * 60_000

  const pepper = Buffer.from(config.apiKeyPepper.reveal())
  const answerOnce = createAnswerOnce(
    createIdempotency({
      store: vault.store,
      envelope,
      nameKey: derivePurposeKey(pepper, 'idempotency'),
      settings: idempotency,
      log,
    }),
  )

  return [
    createSessionRouter({
      ...consent,
      admit,
      answerOnce,
      viewConnection,
      publicUrl: config.publicUrl,
    }),
    createConnectionRouter({
      admit,
      answerOnce,
      createConnection: createCreateConnection({
        connections,
        directory,
        envelope,
        programs,
        freezes: vault.killSwitches,
        clock,
        audit,
        log,
      }),
      connections,
      listConnections: createListConnections({
        connections,
        directory,
        breaker,
        cursorKey: derivePurposeKey(pepper, 'cursor-mac'),
        clock,
      }),
      deleteConnection: createDeleteConnection({ connections, directory, tokenSource, audit, log }),
      verifyConnection: createVerifyConnection({
        connections,
        tokenSource,
        verifierOf: upstream.verifierOf,
        partnerIdOf: (id) => partnerIdOf(programs.get(id)),
        defaultMinTtlMs: knoxToken.defaultMinTtlMs,
        clock,
        audit,
        log,
      }),
      viewConnection,
      tokenSource,
      tokenAnswer: parts.tokenAnswer,
      isProxyOnly: isProxyOnly(config),
      countHandOut: parts.countHandOut,
      minTtl: {
        defaultMs: knoxToken.defaultMinTtlMs,
        maxMs: (id) => validityMs(id) - knoxToken.marginMs,
      },
      pageLimit: http.pageLimit,
      clock,
    }),
  ]
}
