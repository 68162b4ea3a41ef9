import { expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { put, type StoreUnderTest, type Subject } from './store-contract-subject.ts'

/** Documents that go by themselves. */
export function expiryBehaviour(subject: () => Subject & Pick<StoreUnderTest, 'advance'>): void {
  const life = { expiresInMs: 60_000 }

  it('keeps a document until its time is over, and then says it was never there', async () => {
    const { store, key, advance } = subject()
    await store.compareAndSet(key, 0, 'short-lived', newAttemptId(), life)

    await advance(50_000)
    const before = await store.read(key)
    await advance(10_000)

    expect(before.document?.text).toBe('short-lived')
    expect((await store.read(key)).document).toBeNull()
    expect(await store.version(key)).toBeNull()
  })

  it('takes a time that is not a whole number', async () => {
    const { store, key, advance } = subject()

    const result = await store.compareAndSet(key, 0, 'text', 'write', { expiresInMs: 59_999.5 })

    expect(result.outcome).toBe('won')
    await advance(60_000)
    expect((await store.read(key)).document).toBeNull()
  })

  it('starts at revision 0 again after a document has expired', async () => {
    const { store, key, advance } = subject()
    await store.compareAndSet(key, 0, 'first life', newAttemptId(), life)
    await advance(60_000)

    const stale = await store.compareAndSet(key, 1, 'late', newAttemptId())
    await put({ store, key }, 0, 'second life')

    expect(stale.outcome).toBe('lost')
    expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'second life' })
  })

  it('keeps a document for ever when the last write set no time', async () => {
    const { store, key, advance } = subject()
    await store.compareAndSet(key, 0, 'short-lived', newAttemptId(), life)
    await put({ store, key }, 1, 'to stay')

    await advance(10_000_000)

    expect((await store.read(key)).document?.text).toBe('to stay')
  })

  it('counts the time from the last write that set one', async () => {
    const { store, key, advance } = subject()
    await store.compareAndSet(key, 0, 'first', newAttemptId(), life)
    await advance(50_000)
    await store.compareAndSet(key, 1, 'second', newAttemptId(), life)

    await advance(50_000)

    expect((await store.read(key)).document?.text).toBe('second')
  })

  it('leaves the time alone when a write is lost or was applied before', async () => {
    const { store, key, advance } = subject()
    const writeId = newAttemptId()
    await store.compareAndSet(key, 0, 'text', writeId, life)
    await store.compareAndSet(key, 0, 'late', newAttemptId())
    await store.compareAndSet(key, 0, 'text', writeId)

    await advance(60_000)

    expect((await store.read(key)).document).toBeNull()
  })

  it('does not let a late write create what a tombstone stands for, while it stands', async () => {
    const { store, key, advance } = subject()
    await put({ store, key }, 0, 'record')
    await store.compareAndSet(key, 1, 'tombstone', newAttemptId(), life)

    const late = await store.compareAndSet(key, 1, 'late', newAttemptId())
    const again = await store.compareAndSet(key, 0, 'again', newAttemptId())

    expect([late.outcome, again.outcome]).toEqual(['lost', 'lost'])
    expect((await store.read(key)).document?.text).toBe('tombstone')
    await advance(60_000)
    expect((await store.read(key)).document).toBeNull()
  })
}
