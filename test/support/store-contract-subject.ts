import { expect } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import type { Store } from '../../src/vault/store.ts'

export interface StoreUnderTest {
  readonly store: Store
  /** Makes what was written so far older by this much. */
  advance(ms: number): Promise<void>
  dispose(): Promise<void>
}

export type MakeStore = () => Promise<StoreUnderTest>

/** A store and the key of a document that no other test has. */
export interface Subject {
  readonly store: Store
  readonly key: string
}

/** Writes on top of what is there, with a new write id, which it returns. */
export async function put(
  { store, key }: Subject,
  revision: number,
  text: string,
): Promise<string> {
  const writeId = newAttemptId()
  const { outcome } = await store.compareAndSet(key, revision, text, writeId)
  expect(outcome).toBe('won')
  return writeId
}
