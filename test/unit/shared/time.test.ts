import { expect, it } from '@jest/globals'
import { sleep, toRfc3339 } from '../../../src/shared/time.ts'

it('writes a time in UTC', () => {
  expect(toRfc3339(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(toRfc3339(1_795_194_000_123)).toBe('2026-11-20T17:00:00.123Z')
})

it('sleep ends', async () => {
  await expect(sleep(1)).resolves.toBeUndefined()
})
