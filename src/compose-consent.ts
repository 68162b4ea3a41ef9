import type { Router } from 'express'
import type { Audit } from './audit/audit.ts'
import type { Upstream } from './compose-upstream.ts'
import type { Vault } from './compose-vault.ts'
import type { Config, Portal, Program } from './config/config.ts'
import { createBrowserFlow } from './consent/browser-flow.ts'
import { createCallbackKeeper } from './consent/callback-handover.ts'
import { type CompleteSession, createCompleteSession } from './consent/complete-session.ts'
import { type CreateSession, createCreateSession } from './consent/create-session.ts'
import { createReadOutcome } from './consent/ended.ts'
import { createConsentRouter } from './consent/routes.ts'
import {
  createHandovers,
  createSessionClock,
  createSessions,
  type Sessions,
} from './consent/sessions.ts'
import { createStoreConsent } from './consent/store-consent.ts'
import type { Pages } from './http/pages.ts'
import { readCallback } from './samsung-account/callback.ts'
import { ServiceError } from './shared/errors.ts'
import type { Log } from './shared/log.ts'
import { detach } from './shared/store-time.ts'
import type { Clock } from './shared/time.ts'
import { createUnderWay } from './shared/under-way.ts'
import { derivePurposeKey } from './vault/derive-keys.ts'

/** What several parts are wired from. */
export interface Parts {
  readonly config: Config
  readonly programs: ReadonlyMap<string, Program>
  readonly portals: ReadonlyMap<string, Portal>
  readonly upstream: Upstream
  readonly vault: Vault
  readonly audit: Audit
  readonly log: Log
  readonly clock: Clock
}

export interface Consent {
  readonly router: Router
  readonly sessions: Sessions
  readonly createSession: CreateSession
  readonly completeSession: CompleteSession
  /** Resolves when no completion is under way: what it holds may be the only copy of a consent. */
  idle(): Promise<void>
}

/** Wires the customer's journey. */
export function composeConsent(parts: Parts & { readonly pages: Pages }): Consent {
  const { config, programs, portals, upstream, vault, pages, audit, log, clock } = parts
  const { settings, publicUrl } = config
  const { store, connections, directory, envelope, uncommitted, killSwitches: freezes } = vault
  const { clientOf } = upstream
  const sessions = createSessions(store, settings.connectSession.retentionMs)
  const callbacks = createCallbackKeeper({ handovers: createHandovers(store), envelope })
  const kindOf = (programId: string) => {
    const program = programs.get(programId)
    if (program?.kind !== 'samsung-account') throw new ServiceError('program_not_configured')
    return program.kind
  }
  const storeConsent = createStoreConsent({
    connections,
    directory,
    envelope,
    uncommitted,
    kindOf,
    settings: settings.refresh,
    clock,
    audit,
    log,
  })

  const completions = createUnderWay()
  const completeSession = createCompleteSession({
    sessions,
    connections,
    directory,
    envelope,
    uncommitted,
    clientOf,
    storeConsent,
    freezes,
    underWay: completions,
    settings: settings.refresh,
    clock,
    audit,
    log,
  })

  return {
    sessions,
    createSession: createCreateSession({
      sessions,
      sessionClock: createSessionClock(store),
      connections,
      directory,
      programs,
      freezes,
      settings: settings.connectSession,
      audit,
      log,
    }),
    completeSession(...call) {
      const { done, join } = detach(() => completeSession(...call))
      void completions.track(done)
      return join()
    },
    idle: completions.idle,
    router: createConsentRouter({
      flow: createBrowserFlow({
        sessions,
        envelope,
        clientOf,
        freezes,
        settings: settings.connectSession,
        audit,
        log,
      }),
      pages,
      programs,
      portals,
      readOutcome: createReadOutcome(sessions),
      publicUrl,
      readCallback,
      keepCallback: callbacks.keep,
      takeCallback: callbacks.take,
      csrfKey: derivePurposeKey(Buffer.from(config.apiKeyPepper.reveal()), 'csrf'),
      cookieSeconds: Math.max(1, Math.floor(settings.connectSession.lifetimeMs / 1000)),
      bodyLimitBytes: settings.http.bodyLimitBytes,
    }),
  }
}
