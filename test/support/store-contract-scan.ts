import { expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey, referenceKey, type Store } from '../../src/vault/store.ts'
import type { StoreUnderTest } from './store-contract-subject.ts'

interface Scanned extends Pick<StoreUnderTest, 'store' | 'advance'> {
  /** The same store by a user who may also write what is no document. */
  readonly service: Store
}

/** The ids that a walk tells, each once, in order. */
export async function scannedIds(store: Store, prefix: string): Promise<readonly string[]> {
  const ids = new Set<string>()
  for await (const batch of store.documentIds(prefix)) for (const id of batch) ids.add(id)
  return [...ids].toSorted()
}

/** A walk over all documents. On a store that others write to: prefixes are made for each test. */
export function scanBehaviour(subject: () => Scanned): void {
  /** Ids have no character that means something in a pattern. */
  const newPrefix = () => `scan${newAttemptId().replaceAll(/[-_]/g, 'x')}_`

  async function fill({ store }: Scanned, prefix: string, count: number) {
    const ids = Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(5, '0')}`)
    await Promise.all(ids.map((id) => store.compareAndSet(documentKey(id), 0, '{}', `w${id}`)))
    return ids
  }

  it.each([0, 1, 1500])(
    'tells all of %d documents, and none that begin otherwise',
    async (count) => {
      const [mine, other] = [newPrefix(), newPrefix()]
      const ids = await fill(subject(), mine, count)
      await fill(subject(), other, 3)

      expect(await scannedIds(subject().store, mine)).toEqual(ids)
    },
  )

  it('tells documents of every sort without a prefix, and nothing else', async () => {
    const { store, service } = subject()
    const prefix = newPrefix()
    const ids = await fill(subject(), prefix, 2)
    await service.addToIndex(prefix, 'conn_a')
    await service.setReference(referenceKey(prefix, 'emm-eu', 'hash'), null, 'conn_a')

    const found = (await scannedIds(store, '')).filter((id) => id.includes(prefix))

    expect(found).toEqual(ids)
  })

  it('does not tell what has expired', async () => {
    const { store, advance } = subject()
    const prefix = newPrefix()
    await store.compareAndSet(documentKey(`${prefix}1`), 0, '{}', 'w', { expiresInMs: 60_000 })
    await advance(60_000)

    expect(await scannedIds(store, prefix)).toEqual([])
  })

  it('tells what was there all the time, while others come and go', async () => {
    const under = subject()
    const prefix = newPrefix()
    const ids = await fill(under, prefix, 600)
    const found = new Set<string>()

    for await (const batch of under.store.documentIds(prefix)) {
      for (const id of batch) found.add(id)
      await fill(under, `${prefix}${newAttemptId()}`, 50)
    }

    expect(ids.filter((id) => !found.has(id))).toEqual([])
  })
}
