import { expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { referenceKey, type Store } from '../../src/vault/store.ts'

/** Ordered ids, references, and the store's health. */
export function indexBehaviour(subject: () => Store): void {
  indexes(subject)
  references(subject)
  health(subject)
}

function indexes(subject: () => Store): void {
  const ids = ['conn_c', 'conn_a', 'conn_d', 'conn_b']

  async function filled(): Promise<{ store: Store; portal: string }> {
    const store = subject()
    const portal = `portal-${newAttemptId()}`
    for (const id of ids) await store.addToIndex(portal, id)
    return { store, portal }
  }

  it('lists nothing for a portal without ids', async () => {
    expect(await subject().listIndex(`portal-${newAttemptId()}`, null, 10)).toEqual([])
  })

  it('lists ids in ascending order, each once, whatever the order of adding', async () => {
    const { store, portal } = await filled()
    await store.addToIndex(portal, 'conn_a')

    expect(await store.listIndex(portal, null, 10)).toEqual([
      'conn_a',
      'conn_b',
      'conn_c',
      'conn_d',
    ])
  })

  it('pages: every id once, none of them the one that was named', async () => {
    const { store, portal } = await filled()

    const first = await store.listIndex(portal, null, 3)
    const second = await store.listIndex(portal, first[2] ?? null, 3)

    expect([first, second]).toEqual([['conn_a', 'conn_b', 'conn_c'], ['conn_d']])
    expect(await store.listIndex(portal, 'conn_d', 3)).toEqual([])
  })

  it('goes on after an id that is no longer there', async () => {
    const { store, portal } = await filled()
    await store.removeFromIndex(portal, 'conn_b')

    expect(await store.listIndex(portal, 'conn_b', 10)).toEqual(['conn_c', 'conn_d'])
  })

  it('removes an id, and does not mind one that is not there', async () => {
    const { store, portal } = await filled()

    await store.removeFromIndex(portal, 'conn_c')
    await store.removeFromIndex(portal, 'conn_c')

    expect(await store.listIndex(portal, null, 10)).toEqual(['conn_a', 'conn_b', 'conn_d'])
  })

  it('keeps portals apart', async () => {
    const { store } = await filled()

    expect(await store.listIndex(`portal-${newAttemptId()}`, null, 10)).toEqual([])
  })
}

function references(subject: () => Store): void {
  const aReference = () => referenceKey(`portal-${newAttemptId()}`, 'emm-eu', 'tenant-hash')

  it('sets a reference that is not there, once', async () => {
    const store = subject()
    const key = aReference()

    const first = await store.setReference(key, null, 'conn_1')
    const second = await store.setReference(key, null, 'conn_2')

    expect([first, second]).toEqual([true, false])
    expect(await store.readReference(key)).toBe('conn_1')
  })

  it('says null for a reference that was never set', async () => {
    expect(await subject().readReference(aReference())).toBeNull()
  })

  it('replaces and removes a reference only if it has the expected value', async () => {
    const store = subject()
    const key = aReference()
    await store.setReference(key, null, 'conn_1')

    expect(await store.setReference(key, 'conn_9', 'conn_2')).toBe(false)
    expect(await store.setReference(key, 'conn_1', 'conn_2')).toBe(true)
    expect(await store.setReference(key, 'conn_1', null)).toBe(false)
    expect(await store.readReference(key)).toBe('conn_2')
    expect(await store.setReference(key, 'conn_2', null)).toBe(true)
    expect(await store.readReference(key)).toBeNull()
  })

  it('does not set a reference that was expected to be there', async () => {
    const store = subject()
    const key = aReference()

    expect(await store.setReference(key, 'conn_1', 'conn_2')).toBe(false)
    expect(await store.readReference(key)).toBeNull()
  })

  it('agrees when the reference has the wanted value already, as after a lost reply', async () => {
    const store = subject()
    const key = aReference()

    expect(await store.setReference(key, null, 'conn_1')).toBe(true)
    expect(await store.setReference(key, null, 'conn_1')).toBe(true)
    expect(await store.setReference(key, 'conn_1', null)).toBe(true)
    expect(await store.setReference(key, 'conn_1', null)).toBe(true)
  })

  it('lets exactly one of 50 racers have a reference', async () => {
    const store = subject()
    const key = aReference()
    const racers = Array.from({ length: 50 }, (_, n) => `conn_${n}`)

    const won = await Promise.all(racers.map((id) => store.setReference(key, null, id)))

    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await store.readReference(key)).toBe(racers[won.indexOf(true)])
  })
}

function health(subject: () => Store): void {
  it('answers a ping and describes itself', async () => {
    const store = subject()

    await expect(store.ping()).resolves.toBeUndefined()
    expect(await store.describe()).toMatchObject({ warnings: expect.any(Array) })
  })
}
