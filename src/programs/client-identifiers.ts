import { mayBlameCredentials, provesCredentials } from '../knox/failure.ts'
import { KnoxError } from '../knox/kind.ts'
import type { Secret } from '../shared/secret.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { placeIn } from './promotions.ts'
import type { SharedPromotions } from './shared-promotions.ts'

/** How it stands with the Client Identifiers of one program. */
export interface IdentifierState {
  /** One or two. */
  readonly configured: number
  /** 1: the one that the configuration lists first. */
  readonly place: number
  /** HMAC of the one that is used. */
  readonly fingerprint: string
}

/** The Client Identifiers of one program, of which one is used. */
export interface ClientIdentifiers {
  active(): Secret
  /**
   * Makes an exchange with the one that is used; and once more with the other one, when Samsung refuses
   * it and nobody knows yet that the other is refused as well.
   *
   * @throws What the last attempt throws; of two refusals the first
   */
  exchange<T>(attempt: (clientIdentifier: Secret) => Promise<T>): Promise<T>
  state(): IdentifierState
}

export interface ClientIdentifiersDeps {
  readonly programId: string
  /** As they are configured: one, or two different ones. */
  readonly identifiers: readonly [Secret, ...Secret[]]
  readonly fingerprint: (identifier: Secret) => string
  readonly shared: Pick<SharedPromotions, 'newest' | 'freshen' | 'publish'>
  /** After the other one was refused as well, nobody tries it again for so long. */
  readonly pauseMs: number
  readonly clock: Clock
}

/** What came of trying the other one; `unknown` says nothing about it. */
type Verdict = 'accepted' | 'refused' | 'unknown' | { readonly transient: KnoxError }

/** Creates the Client Identifiers of one program; without a word of other replicas the first is used. */
export function createClientIdentifiers(deps: ClientIdentifiersDeps): ClientIdentifiers {
  const { programId, identifiers, fingerprint, shared, pauseMs, clock } = deps
  const fingerprints = identifiers.map(fingerprint)
  const [first] = identifiers
  let place = 0
  /** The newest word of other replicas that was followed. */
  let followed: string | undefined
  let trial: Promise<Verdict> | null = null
  let pausedUntil: EpochMs = Number.NEGATIVE_INFINITY

  function placeNow(): number {
    const word = shared.newest(programId)
    const said = word && `${word.at} ${word.active}`
    if (word !== undefined && said !== followed) place = placeIn(fingerprints, word) ?? place
    followed = said
    return place
  }

  const at = (index: number): Secret => identifiers[index] ?? first

  function promote(next: number): void {
    const [active, refused] = [fingerprints[next], fingerprints[1 - next]]
    place = next
    if (active === undefined || refused === undefined) return
    shared.publish({ program: programId, active, refused })
  }

  /** The others that were refused wait for what comes of this one attempt. */
  async function tryOther<T>(
    attempt: (clientIdentifier: Secret) => Promise<T>,
    other: number,
    refusal: KnoxError,
  ): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<Verdict>()
    trial = promise
    let verdict: Verdict = 'unknown'
    try {
      const result = await attempt(at(other))
      verdict = 'accepted'
      return result
    } catch (error) {
      verdict = verdictOf(error)
      if (verdict === 'refused') pausedUntil = clock() + pauseMs
      throw verdict === 'refused' ? refusal : error
    } finally {
      if (verdict === 'accepted') promote(other)
      trial = null
      resolve(verdict)
    }
  }

  async function afterRefusal<T>(
    attempt: (clientIdentifier: Secret) => Promise<T>,
    refused: number,
    refusal: KnoxError,
  ): Promise<T> {
    await shared.freshen()
    for (;;) {
      const now = placeNow()
      if (now !== refused) return attempt(at(now))
      if (trial === null && clock() < pausedUntil) throw refusal
      if (trial === null) return tryOther(attempt, 1 - refused, refusal)
      const verdict = await trial
      if (verdict === 'refused') throw refusal
      if (typeof verdict === 'object') throw verdict.transient
    }
  }

  return {
    active: () => at(placeNow()),

    async exchange(attempt) {
      const used = placeNow()
      try {
        return await attempt(at(used))
      } catch (error) {
        if (identifiers.length < 2 || !mayBlameCredentials(error)) throw error
        return afterRefusal(attempt, used, error)
      }
    },

    state() {
      const used = placeNow()
      const configured = fingerprints.length
      return { configured, place: used + 1, fingerprint: fingerprints[used] ?? '' }
    },
  }
}

/** A customer's own trouble says nothing about the one that was tried; Samsung's outage ends everybody's try. */
function verdictOf(error: unknown): Verdict {
  if (mayBlameCredentials(error)) return 'refused'
  if (provesCredentials(error)) return 'accepted'
  return error instanceof KnoxError && error.kind === 'transient' ? { transient: error } : 'unknown'
}
