import { mayBlameCredentials, provesCredentials } from '../knox/failure.ts'
import type { KnoxError } from '../knox/kind.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import type { KeyPair } from '../signing/key-pair.ts'
import { createSigningKey, type SigningKey } from '../signing/signing-key.ts'

/** A key pair as it is told of: never the key. */
export interface KeyFacts {
  readonly thumbprint: string
  readonly modulusBits: number
  /** When its file was read. */
  readonly loadedAt: EpochMs
}

/** Why the newest file is not used. */
export interface KeyFailure {
  readonly at: EpochMs
  /** `unusable`: what was read is no key pair for this program. `refused`: Samsung does not take it. */
  readonly outcome: 'unusable' | 'refused'
  /** The broken rule, or Samsung's code; safe to print. */
  readonly reason: string
}

/** How it stands with the key pairs of one program. */
export interface KeyState {
  readonly active: KeyFacts
  /** Was read again, and waits for the exchange that shows that Samsung takes it. */
  readonly pending: KeyFacts | null
  /** Of the newest file, if it is not used. */
  readonly failure: KeyFailure | null
}

/** What a file is that was read again: `withdrawn` is the one in use again, where another one was waiting. */
export type Offer = 'unchanged' | 'withdrawn' | 'pending'

/** The key pairs of one program: one that signs, and at times one that waits to. */
export interface SigningKeys {
  /** The key that signs now. */
  active(): SigningKey
  /**
   * Makes an exchange. While a key waits, one exchange at a time is made with it first: accepted, it is the
   * one that signs from then on; refused, it is dropped, and the exchange is made with the one that signs.
   *
   * @param attempt - `isTrial`: with the key that waits.
   * @throws What the last attempt throws
   */
  exchange<T>(attempt: (key: SigningKey, isTrial: boolean) => Promise<T>): Promise<T>
  /** Takes a pair that was read from the file. The last one counts. */
  offer(pair: KeyPair): Offer
  /** What was read cannot be used; what waits goes on waiting. */
  reject(rule: string): void
  state(): KeyState
}

export interface SigningKeysDeps {
  /** As it was read at the start. */
  readonly pair: KeyPair
  readonly onActivated: (activated: KeyFacts) => void
  readonly onRefused: (refused: KeyFacts, error: KnoxError) => void
  readonly clock: Clock
}

interface Held {
  readonly key: SigningKey
  readonly facts: KeyFacts
}

/** Creates the keys of one program, with one that signs. */
export function createSigningKeys(deps: SigningKeysDeps): SigningKeys {
  const { onActivated, onRefused, clock } = deps
  let active = hold(deps.pair)
  let pending: Held | null = null
  let failure: KeyFailure | null = null
  let isTrying = false

  function hold(pair: KeyPair): Held {
    const { thumbprint, modulusBits } = pair
    return { key: createSigningKey(pair), facts: { thumbprint, modulusBits, loadedAt: clock() } }
  }

  function activate(tried: Held): void {
    if (pending !== tried) return
    active = tried
    pending = null
    failure = null
    onActivated(tried.facts)
  }

  function refuse(tried: Held, error: KnoxError): void {
    if (pending !== tried) return
    pending = null
    failure = { at: clock(), outcome: 'refused', reason: wordOf(error) }
    onRefused(tried.facts, error)
  }

  /** @returns null when Samsung refused the key, so that nothing is known of the exchange itself. */
  async function tryPending<T>(
    tried: Held,
    attempt: (key: SigningKey, isTrial: boolean) => Promise<T>,
  ): Promise<{ readonly result: T } | null> {
    isTrying = true
    try {
      const result = await attempt(tried.key, true)
      activate(tried)
      return { result }
    } catch (error) {
      if (provesCredentials(error)) activate(tried)
      if (!mayBlameCredentials(error)) throw error
      refuse(tried, error)
      return null
    } finally {
      isTrying = false
    }
  }

  return {
    active: () => active.key,

    async exchange(attempt) {
      const tried = pending
      const made = tried === null || isTrying ? null : await tryPending(tried, attempt)
      return made === null ? attempt(active.key, false) : made.result
    },

    offer(pair) {
      const wasWaiting = pending !== null
      failure = null
      if (isSame(active.key.pair, pair)) {
        pending = null
        return wasWaiting ? 'withdrawn' : 'unchanged'
      }
      if (pending === null || !isSame(pending.key.pair, pair)) pending = hold(pair)
      return 'pending'
    },

    reject(rule) {
      failure = { at: clock(), outcome: 'unusable', reason: rule }
    },

    state: () => ({ active: active.facts, pending: pending?.facts ?? null, failure }),
  }
}

/** The same key can be written in several ways, of which one may be what Samsung is shown. */
const isSame = (a: KeyPair, b: KeyPair): boolean =>
  a.thumbprint === b.thumbprint && a.publicKeyVerbatim === b.publicKeyVerbatim

const wordOf = ({ upstream: { code, status } }: KnoxError): string =>
  code ?? (status === undefined ? 'no code' : `status ${status}`)
