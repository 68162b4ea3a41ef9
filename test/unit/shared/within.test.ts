import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { within } from '../../../src/shared/time.ts'

it('gives what comes in time', async () => {
  expect(await within(1000, wait(1, 'answer'), 'late')).toBe('answer')
})

it('gives the other answer when nothing comes', async () => {
  expect(await within(5, new Promise<string>(() => {}), 'late')).toBe('late')
})

it('throws what comes in time, and nothing that comes after', async () => {
  const failing = wait(20).then(() => Promise.reject(new Error('failed')))

  expect(await within(1, failing, 'late')).toBe('late')
  await expect(within(1000, failing, 'late')).rejects.toThrow('failed')
})
