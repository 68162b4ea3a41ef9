import { afterEach, beforeEach, describe } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey } from '../../src/vault/store.ts'
import { documentBehaviour } from './store-contract-documents.ts'
import { expiryBehaviour } from './store-contract-expiry.ts'
import { indexBehaviour } from './store-contract-index.ts'
import { rewriteBehaviour } from './store-contract-rewrites.ts'
import type { MakeStore, StoreUnderTest } from './store-contract-subject.ts'

/** What every implementation of `Store` promises; run on each of them. */
export function storeContract(name: string, makeStore: MakeStore): void {
  describe(`${name} as a store`, () => {
    let under: StoreUnderTest
    let key: string

    beforeEach(async () => {
      under = await makeStore()
      key = documentKey(`conn_${newAttemptId()}`)
    })
    afterEach(() => under.dispose())

    const subject = () => ({ store: under.store, key, advance: under.advance })
    documentBehaviour(subject)
    rewriteBehaviour(subject)
    expiryBehaviour(subject)
    indexBehaviour(() => under.store)
  })
}
