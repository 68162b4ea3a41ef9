import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { rollingScenario } from '../../chaos/rolling.ts'
import { createCleanup } from '../support/cleanup.ts'

/*
 * One round of the drill, from the sources: three replicas are restarted one after the other under load,
 * while Samsung is slow and ends a consent whose refresh token it sees twice. `npm run chaos -- --rolling`
 * does twenty.
 */

const ROUND_MS = 120_000

const cleanup = createCleanup()
const problems: string[] = []
const said: string[] = []

beforeAll(async () => {
  await rollingScenario.run({
    entry: 'src/main.ts',
    argument: '1',
    cleanup,
    say: (line) => void said.push(line),
    problem: (what) => void problems.push(what),
  })
}, ROUND_MS)
afterAll(cleanup.run)

it('restarts all replicas under load, and callers see 2xx, or 503 with Retry-After', () => {
  expect(problems).toEqual([])
  expect(said.join('\n')).toMatch(/token: 200 × \d{3,}/)
  expect(said.join('\n')).toMatch(/3 restarts, slowest drain \d+ ms/)
})
