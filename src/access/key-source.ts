import type { KeyObject } from 'node:crypto'
import type { Portal } from '../config/config.ts'
import { WATCHED_MAX_AGE_MS, type WatchedDocument } from '../vault/watched-document.ts'
import { type CredentialBook, NO_CREDENTIALS } from './credential-record.ts'
import type { KeyUses } from './key-uses.ts'
import { type KeySource, type KnownKey, knownKeys } from './known-keys.ts'
import { isVouchedFor } from './voucher.ts'

export interface KeySourceDeps {
  readonly portals: readonly Portal[]
  readonly pepper: KeyObject
  readonly book: Pick<WatchedDocument<CredentialBook>, 'current' | 'isFresh' | 'freshen'>
  readonly uses: Pick<KeyUses, 'note'>
}

/** Creates what authentication goes by: the keys of the configuration and of the book, as it is now. */
export function createKeySource({ portals, pepper, book, uses }: KeySourceDeps): KeySource {
  const keysIn = (stored: CredentialBook) =>
    knownKeys(portals, stored, (key) => isVouchedFor(pepper, key))
  let seen = NO_CREDENTIALS
  let known: readonly KnownKey[] = keysIn(seen)

  return {
    known() {
      const now = book.current()
      if (now !== seen) {
        seen = now
        known = keysIn(now)
      }
      return known
    },
    isFresh: () => book.isFresh(WATCHED_MAX_AGE_MS),
    async freshen() {
      // A store that is away locks nobody out by itself: what needs it says so.
      await book.freshen(WATCHED_MAX_AGE_MS)
    },
    noteUse: uses.note,
  }
}
