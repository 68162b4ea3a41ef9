import { expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { put, type Subject } from './store-contract-subject.ts'

/** The same write sent more than once. */
export function rewriteBehaviour(subject: () => Subject): void {
  it('answers `already` to the same write id and does not write again', async () => {
    const { store, key } = subject()
    const writeId = await put({ store, key }, 0, 'first')

    const again = await store.compareAndSet(key, 0, 'first', writeId)

    expect(again.outcome).toBe('already')
    expect((await store.read(key)).document?.revision).toBe(1)
  })

  it('answers `already` when 7 others have written since', async () => {
    const { store, key } = subject()
    const writeId = await put({ store, key }, 0, 'first')
    for (let revision = 1; revision <= 7; revision += 1) {
      await put({ store, key }, revision, `other ${revision}`)
    }

    const again = await store.compareAndSet(key, 0, 'first', writeId)

    expect(again.outcome).toBe('already')
    expect((await store.read(key)).document).toMatchObject({ revision: 8, text: 'other 7' })
  })

  it('never applies a write twice, however many have written since', async () => {
    const { store, key } = subject()
    const writeId = await put({ store, key }, 0, 'first')
    for (let revision = 1; revision <= 20; revision += 1) {
      await put({ store, key }, revision, `other ${revision}`)
    }

    const again = await store.compareAndSet(key, 0, 'first', writeId)

    expect(again.outcome).toBe('lost')
    expect((await store.read(key)).document).toMatchObject({ revision: 21, text: 'other 20' })
  })

  it('applies one of 50 simultaneous sendings of one write id', async () => {
    const { store, key } = subject()
    const send = () => store.compareAndSet(key, 0, 'text', 'the-same-id')

    const outcomes = (await Promise.all(Array.from({ length: 50 }, send))).map((r) => r.outcome)

    expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'already')).toHaveLength(49)
    expect((await store.read(key)).document?.revision).toBe(1)
  })

  it('does not take a write id for another that contains it', async () => {
    const { store, key } = subject()
    await store.compareAndSet(key, 0, 'first', 'abcdef')

    const { outcome } = await store.compareAndSet(key, 1, 'second', 'bcd')

    expect(outcome).toBe('won')
  })

  it('does not remember the write id of a write that was lost', async () => {
    const { store, key } = subject()
    await put({ store, key }, 0, 'first')
    const writeId = newAttemptId()
    await store.compareAndSet(key, 0, 'second', writeId)

    const { outcome } = await store.compareAndSet(key, 1, 'second', writeId)

    expect(outcome).toBe('won')
  })
}
