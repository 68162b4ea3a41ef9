import { expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey } from '../../src/vault/store.ts'
import { put, type Subject } from './store-contract-subject.ts'

/** Reading, compare-and-set, versions, time and durability. */
export function documentBehaviour(subject: () => Subject): void {
  it('says null for a document that was never written', async () => {
    const { store, key } = subject()

    expect((await store.read(key)).document).toBeNull()
    expect(await store.version(key)).toBeNull()
  })

  it('creates a document against revision 0 and reads it back as revision 1', async () => {
    const { store, key } = subject()

    const writeId = await put({ store, key }, 0, 'first')

    const { document } = await store.read(key)
    expect(document).toEqual({ revision: 1, version: writeId, text: 'first' })
  })

  it('moves the revision by one with every write', async () => {
    const { store, key } = subject()

    for (let revision = 0; revision < 12; revision += 1) {
      await put({ store, key }, revision, `text ${revision}`)
    }

    const { document } = await store.read(key)
    expect(document).toMatchObject({ revision: 12, text: 'text 11' })
  })

  it.each([0, 1, 3])(
    'loses against revision 2 with revision %i and changes nothing',
    async (old) => {
      const { store, key } = subject()
      await put({ store, key }, 0, 'first')
      await put({ store, key }, 1, 'second')
      const before = (await store.read(key)).document

      const { outcome } = await store.compareAndSet(key, old, 'late', newAttemptId())

      expect(outcome).toBe('lost')
      expect((await store.read(key)).document).toEqual(before)
    },
  )

  it('loses a write to revision 1 of a document that is not there', async () => {
    const { store, key } = subject()

    const { outcome } = await store.compareAndSet(key, 1, 'text', newAttemptId())

    expect(outcome).toBe('lost')
    expect((await store.read(key)).document).toBeNull()
  })

  it('writes over the version it names, and over no other of the same revision', async () => {
    const { store, key } = subject()
    const version = await put({ store, key }, 0, 'first')
    const over = (named: string, writeId: string) =>
      store.compareAndSet(key, 1, 'second', writeId, { version: named })

    // As long as the right one, and as its beginning.
    const others = [version.replace(/.$/, '!'), version.slice(0, -1), `${version}!`]
    for (const other of others) expect((await over(other, newAttemptId())).outcome).toBe('lost')
    expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'first' })

    const outcomes = [await over(version, 'write'), await over(version, 'write')]
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['won', 'already'])
    expect((await store.read(key)).document).toMatchObject({ revision: 2, text: 'second' })
  })

  it('lets exactly one of 200 racers win', async () => {
    const { store, key } = subject()
    const race = Array.from({ length: 200 }, (_, n) => ({ writeId: newAttemptId(), text: `${n}` }))

    const results = await Promise.all(
      race.map(({ writeId, text }) => store.compareAndSet(key, 0, text, writeId)),
    )

    const outcomes = results.map(({ outcome }) => outcome)
    const winner = race[outcomes.indexOf('won')]
    expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'lost')).toHaveLength(199)
    expect((await store.read(key)).document).toEqual({
      revision: 1,
      version: winner?.writeId,
      text: winner?.text,
    })
  })

  it('keeps documents apart', async () => {
    const { store, key } = subject()
    const other = documentKey(`conn_${newAttemptId()}`)

    await put({ store, key }, 0, 'here')

    expect((await store.read(other)).document).toBeNull()
  })

  it.each([
    ['an empty text', ''],
    ['unicode', 'naïve 조직 🔐 \u0000 \r\n "quoted" \u2028'],
    ['half a megabyte', `${'0123456789abcdef'.repeat(32_768)}é`],
    ['what looks like a script', "') return redis.call('FLUSHALL') --"],
  ])('keeps %s as it is', async (_, text) => {
    const { store, key } = subject()

    await put({ store, key }, 0, text)

    expect((await store.read(key)).document?.text).toBe(text)
  })

  it('gives every write a version of its own, which is the one that is read', async () => {
    const { store, key } = subject()
    const versions = new Set<string | null>()

    for (let revision = 0; revision < 12; revision += 1) {
      await put({ store, key }, revision, 'the same text')
      const version = await store.version(key)
      expect((await store.read(key)).document?.version).toBe(version)
      versions.add(version)
    }

    expect(versions.size).toBe(12)
  })

  it('keeps the version when a write is lost', async () => {
    const { store, key } = subject()
    const version = await put({ store, key }, 0, 'first')

    await store.compareAndSet(key, 0, 'late', newAttemptId())

    expect(await store.version(key)).toBe(version)
  })

  it('tells a time that does not go back, with reads and with writes', async () => {
    const { store, key } = subject()
    const times: (number | undefined)[] = []

    times.push((await store.read(key)).serverNow)
    times.push((await store.compareAndSet(key, 0, 'text', newAttemptId())).serverNow)
    times.push((await store.compareAndSet(key, 0, 'text', newAttemptId())).serverNow)
    times.push((await store.read(key)).serverNow)

    expect(times).toEqual(times.toSorted((a = 0, b = 0) => a - b))
    expect(times.every((time) => Number.isSafeInteger(time))).toBe(true)
  })

  it('reports a durable write as durable where there is no replica to wait for', async () => {
    const { store, key } = subject()

    const first = await store.compareAndSet(key, 0, 'text', 'write-1', { durable: true })
    const again = await store.compareAndSet(key, 0, 'text', 'write-1', { durable: true })
    const lost = await store.compareAndSet(key, 0, 'text', 'write-2', { durable: true })

    expect(first).toMatchObject({ outcome: 'won', durable: true })
    expect(again).toMatchObject({ outcome: 'already', durable: true })
    expect(lost).toMatchObject({ outcome: 'lost', durable: false })
  })

  it('shows a durable write to the next read', async () => {
    const { store, key } = subject()

    await store.compareAndSet(key, 0, 'text', newAttemptId(), { durable: true })

    expect((await store.read(key)).document?.text).toBe('text')
  })
}
