import type { Log } from '../shared/log.ts'
import { type Clock, sleep } from '../shared/time.ts'
import { backoffMs } from './due.ts'
import { isStoreAway } from './persist.ts'

/** New tokens that are in this process and nowhere else. */
export interface HeldTokens {
  readonly connectionId: string
  readonly attempt: string
  /** Tries once to store them; whether there was a connection left to store them in. */
  readonly store: () => Promise<boolean>
  /** Told when they are lost: the process ends, or nothing can store them. */
  readonly onLost: () => void
}

/** Holds tokens that could not be stored at once, and goes on trying until they are. */
export interface Uncommitted {
  hold(tokens: HeldTokens): void
  /** Whether some are held for this connection: then nobody here may spend the token they came for. */
  isHeld(connectionId: string): boolean
  /** How many are held now. */
  count(): number
  /** Resolves when none is held. */
  idle(): Promise<void>
  /** Stops trying, and names what is lost. */
  abandon(): void
}

export interface UncommittedDeps {
  readonly settings: { readonly pollMs: number }
  readonly clock: Clock
  readonly log: Log
}

/** Short: after an outage whoever comes before these are stored may spend the old token once more. */
const MAX_PAUSE_MS = 250

/**
 * Creates an empty holder.
 *
 * It has no deadline but the end of the process: as long as somebody has the newest refresh token, there
 * is no reason to give it up. Each write is fenced, so a late one does no harm.
 */
export function createUncommitted({ settings, clock, log }: UncommittedDeps): Uncommitted {
  const held = new Map<HeldTokens, Promise<void>>()

  async function tryOn(tokens: HeldTokens): Promise<void> {
    const { connectionId, attempt } = tokens
    const heldAt = clock()
    for (let tries = 1; held.has(tokens); tries += 1) {
      await sleep(backoffMs(tries, settings.pollMs, MAX_PAUSE_MS))
      try {
        if (!held.has(tokens)) return
        const isStored = await tokens.store()
        const fields = { connectionId, attempt, durationMs: clock() - heldAt }
        if (isStored) log.info('held_tokens_stored', fields)
        else log.info('held_tokens_dropped', fields)
        return
      } catch (error) {
        if (!isStoreAway(error)) return lose(tokens, error)
      }
    }
  }

  function lose(tokens: HeldTokens, error?: unknown): void {
    const { connectionId, attempt } = tokens
    log.error('held_tokens_lost', { connectionId, attempt, error })
    tokens.onLost()
  }

  return {
    hold(tokens) {
      const { connectionId, attempt } = tokens
      log.warn('tokens_held', { connectionId, attempt })
      // Known as held before the first try looks whether it still is.
      held.set(tokens, Promise.resolve())
      held.set(
        tokens,
        tryOn(tokens).finally(() => held.delete(tokens)),
      )
    },
    isHeld: (id) => [...held.keys()].some(({ connectionId }) => connectionId === id),
    count: () => held.size,
    async idle() {
      while (held.size > 0) await Promise.allSettled(held.values())
    },
    abandon() {
      for (const tokens of [...held.keys()]) {
        held.delete(tokens)
        lose(tokens)
      }
    },
  }
}
