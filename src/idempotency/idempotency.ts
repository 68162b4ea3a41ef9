import type { KeyObject } from 'node:crypto'
import { ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { detach } from '../shared/store-time.ts'
import { createDocuments } from '../vault/documents.ts'
import type { Envelope } from '../vault/envelope.ts'
import { documentKey, type Store } from '../vault/store.ts'
import { type KeyedCall, nameCall } from './names.ts'
import {
  type IdempotencyRecord,
  type KeptAnswer,
  parseIdempotencyRecord,
  parseKeptAnswer,
} from './record.ts'
import { type Claim, claimKey, judge, keepAnswer, releaseKey, type Verdict } from './transitions.ts'

export interface IdempotencyDeps {
  readonly store: Store
  readonly envelope: Envelope
  /** Of purpose `idempotency`. */
  readonly nameKey: KeyObject
  readonly settings: {
    /** How long an answer is kept. */
    readonly retentionMs: number
    /** How long a request may work; longer than one request can take. */
    readonly claimMs: number
  }
  readonly log: Log
}

export interface Answered {
  readonly answer: KeptAnswer
  /** Whether it was given before, and nothing was done this time. */
  readonly isReplay: boolean
}

/** Makes a create safe to repeat: under one idempotency key it is done once, and answered alike. */
export interface Idempotency {
  /**
   * Does what is asked for, unless it has been done: then its answer is given again.
   *
   * The answer is kept; a failure is not, whatever it is, and its key is free again at once. A process that
   * dies in the middle leaves the key claimed for `claimMs`. An answer that cannot be stored is given all the
   * same: it is true, and a repetition of the call then does the work again.
   *
   * @param create - Must change nothing when it throws, or nothing that a second try cannot bear.
   * @throws ServiceError `idempotency_key_reused`, `idempotency_in_progress`, `store_unavailable`,
   *   `record_unreadable`, or what `create` throws
   */
  run(call: KeyedCall, create: () => Promise<KeptAnswer>): Promise<Answered>
}

interface Found {
  readonly verdict: Verdict
  /** As it was found, or as it is now that the key is claimed. */
  readonly record: IdempotencyRecord
}

/** What a stored answer is sealed as. */
const FIELD = { binding: '-', field: 'idempotent_answer', generation: 0 } as const

/** A key whose record ends between two looks at it is looked at again; more often than this it is a defect. */
const MAX_LOOKS = 10

/** Creates idempotency over a store. */
export function createIdempotency(deps: IdempotencyDeps): Idempotency {
  const { store, envelope, nameKey, settings, log } = deps
  const { retentionMs, claimMs } = settings
  const documents = createDocuments<IdempotencyRecord>({
    store,
    parse: parseIdempotencyRecord,
    idOf: ({ id }) => id,
    // The times in the record decide, this only tidies up: who takes a claim over is to know that it was one.
    lifetimeMs: ({ phase }) => (phase === 'answered' ? retentionMs : 2 * claimMs),
  })

  /** Claims the key, or says why not and what is there. */
  async function take(wanted: Claim): Promise<Found> {
    for (let look = 0; look < MAX_LOOKS; look++) {
      let verdict: Verdict = 'free'
      const updated = await documents.update(wanted.id, (record, now) => {
        verdict = judge(record, wanted, now)
        return isOpen(verdict) ? claimKey(wanted, now, claimMs) : null
      })
      if (updated !== null) return { verdict, record: updated.snapshot.record }
      const { serverNow } = await store.read(documentKey(wanted.id))
      const record = claimKey(wanted, serverNow, claimMs)
      if (await documents.create(wanted.id, record)) return { verdict: 'free', record }
    }
    throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
  }

  async function open({ id, dataKey, answer }: IdempotencyRecord): Promise<KeptAnswer> {
    if (dataKey === undefined || answer === undefined) throw new ServiceError('record_unreadable')
    return parseKeptAnswer((await envelope.open(id, dataKey)).open(FIELD, answer))
  }

  const keep = (claim: Claim, answer: KeptAnswer) => async () => {
    const { wrapped, dataKey } = await envelope.create(claim.id)
    const sealed = { dataKey: wrapped, answer: dataKey.seal(FIELD, JSON.stringify(answer)) }
    await documents.update(claim.id, (record, now) =>
      keepAnswer(record, claim.claim, sealed, now + retentionMs),
    )
  }

  const release = (claim: Claim) => async () => {
    await documents.update(claim.id, (record, now) => releaseKey(record, claim.claim, now))
  }

  async function doOnce(claim: Claim, create: () => Promise<KeptAnswer>): Promise<KeptAnswer> {
    let answer: KeptAnswer
    try {
      answer = await create()
    } catch (error) {
      await settle(release(claim), (cause) =>
        log.warn('idempotency_key_not_released', { error: cause }),
      )
      throw error
    }
    await settle(keep(claim, answer), (error) =>
      log.warn('idempotent_answer_not_stored', { error }),
    )
    return answer
  }

  return {
    async run(call, create) {
      const wanted: Claim = { ...nameCall(nameKey, call), claim: newAttemptId() }
      const { verdict, record } = await take(wanted)
      if (verdict === 'reused') throw new ServiceError('idempotency_key_reused')
      if (verdict === 'in_progress')
        throw new ServiceError('idempotency_in_progress', { retryAfterSeconds: 1 })
      if (verdict === 'answered') return { answer: await open(record), isReplay: true }
      if (verdict === 'abandoned')
        log.warn('idempotency_claim_taken_over', { portalId: call.portalId })
      return { answer: await doOnce(wanted, create), isReplay: false }
    },
  }
}

/** Whether the key can be claimed. */
const isOpen = (verdict: Verdict): boolean => verdict === 'free' || verdict === 'abandoned'

/**
 * Does what is left to do with a key, which never fails the request: it goes on when the request has no more
 * time to wait for the store.
 */
const settle = (work: () => Promise<void>, onFailure: (error: unknown) => void): Promise<void> =>
  detach(() => work().catch(onFailure))
    .join()
    .catch(() => {})
