import { beforeEach, expect, it } from '@jest/globals'
import { createKeyReload, type KeyReload } from '../../../src/programs/key-reload.ts'
import { createSigningKeys } from '../../../src/programs/signing-keys.ts'
import type { KeyPair } from '../../../src/signing/key-pair.ts'
import { makeRsa } from '../signing/key-material.ts'

const { privateKey } = makeRsa(2048)
const pairOf = (thumbprint: string): KeyPair => ({
  privateKey,
  publicKeySpki: thumbprint,
  publicKeyVerbatim: thumbprint,
  modulusBits: 2048,
  thumbprint,
})

let told: string[]
/** What stands in the files. */
let files: Record<string, { readonly keys: KeyPair } | { readonly rule: string }>
let verifying: (() => Promise<void>) | null
let reload: KeyReload

beforeEach(() => {
  told = []
  verifying = null
  files = { eu: { keys: pairOf('old') }, us: { keys: pairOf('old') } }
  const keysOf = () =>
    createSigningKeys({
      pair: pairOf('old'),
      onActivated: ({ thumbprint }) => told.push(`activated ${thumbprint}`),
      onRefused() {},
      clock: () => 0,
    })
  const programs = ['eu', 'us'].map((id) => ({
    id,
    keys: keysOf(),
    read: () => files[id] ?? { rule: 'names nothing' },
  }))
  reload = createKeyReload({
    programs,
    verifier: {
      async verify(programId) {
        await verifying?.()
        if (programId === 'us') return
        await programs[0]?.keys.exchange(async () => {})
      },
    },
    report: {
      begun: (count) => told.push(`begun ${count}`),
      read: (id, offer, thumbprint) => told.push(`${id} ${offer} ${thumbprint}`),
      unusable: (id, rule) => told.push(`${id} unusable: ${rule}`),
      waiting: (id, thumbprint) => told.push(`${id} waits ${thumbprint}`),
      failed: (id) => told.push(`${id} failed`),
    },
  })
})

it('reads each program for itself: what is wrong with one does not keep the other', async () => {
  files = { eu: { keys: pairOf('new') }, us: { rule: 'the file must be JSON' } }

  await reload.run()

  expect(told).toEqual([
    'begun 2',
    'eu pending new',
    'us unusable: the file must be JSON',
    'activated new',
  ])
})

it('says when no connection could show whether the key is accepted', async () => {
  files.us = { keys: pairOf('new') }

  await reload.run()

  expect(told).toEqual(['begun 2', 'eu unchanged old', 'us pending new', 'us waits new'])
})

it('goes on with the others after a defect, and ends', async () => {
  files = { eu: { keys: pairOf('new') }, us: { keys: pairOf('old') } }
  verifying = () => Promise.reject(new TypeError('a defect'))

  await reload.run()

  expect(told).toEqual(['begun 2', 'eu pending new', 'us unchanged old', 'eu failed'])
})

it('lets a second one wait for the first, and joins a third with the second', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  files.eu = { keys: pairOf('new') }
  verifying = () => promise
  const first = reload.run()
  await new Promise(setImmediate)
  files.eu = { keys: pairOf('newer') }

  const [second, third] = [reload.run(), reload.run()]
  await new Promise(setImmediate)
  expect(told.filter((line) => line === 'begun 2')).toHaveLength(1)
  expect(third).toBe(second)
  resolve()
  await Promise.all([first, second, reload.idle()])

  expect(told.filter((line) => line === 'begun 2')).toHaveLength(2)
  expect(told.filter((line) => line.startsWith('activated'))).toEqual([
    'activated new',
    'activated newer',
  ])
})
