import { describe, expect, it } from '@jest/globals'
import { documentKey } from '../../../src/vault/store.ts'
import { codeOf } from '../vault/support/world.ts'
import { createConsentWorld } from './support/world.ts'

const PARAMETERS = 'code=canary-code&state=canary-state'

describe('a posted callback', () => {
  it('comes back once for its handle', async () => {
    const { callbacks } = createConsentWorld()
    const handle = await callbacks.keep(PARAMETERS)

    expect(await callbacks.take(handle)).toBe(PARAMETERS)
    expect(await callbacks.take(handle)).toBeNull()
  })

  it('comes back to one of ten who ask at the same time', async () => {
    const { callbacks } = createConsentWorld()
    const handle = await callbacks.keep(PARAMETERS)

    const taken = await Promise.all(Array.from({ length: 10 }, () => callbacks.take(handle)))

    expect(taken.filter((one) => one !== null)).toEqual([PARAMETERS])
  })

  it.each([
    [119_999, PARAMETERS],
    [120_000, null],
  ])('waits: after %d ms %j', async (age, expected) => {
    const { callbacks, advance } = createConsentWorld()
    const handle = await callbacks.keep(PARAMETERS)
    advance(age)

    expect(await callbacks.take(handle)).toBe(expected)
  })

  it('lies in the store sealed, and is gone from there when it was taken', async () => {
    const { callbacks, store } = createConsentWorld()
    const handle = await callbacks.keep(PARAMETERS)
    const text = async () => (await store.read(documentKey(`cb_${handle}`))).document?.text ?? ''
    expect(await text()).toContain('"taken":false')
    expect(await text()).not.toContain('canary')

    await callbacks.take(handle)

    expect(JSON.parse(await text())).toMatchObject({ taken: true, parameters: '' })
  })

  it.each(['', 'x', 'a'.repeat(43), `${'a'.repeat(42)}}`, 'a'.repeat(44), '../'.repeat(15)])(
    'is not found for the handle %j',
    async (handle) => {
      expect(await createConsentWorld().callbacks.take(handle)).toBeNull()
    },
  )

  it('is not lost silently while the store is away', async () => {
    const { callbacks, faulty } = createConsentWorld()
    const handle = await callbacks.keep(PARAMETERS)
    faulty.setDown(true)

    expect(await codeOf(callbacks.take(handle))).toBe('store_unavailable')
    faulty.setDown(false)
    expect(await callbacks.take(handle)).toBe(PARAMETERS)
  })
})
