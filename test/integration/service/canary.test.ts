import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { everyByteUnder, everythingRedisTells } from '../../support/redis-files.ts'
import { type CanaryRun, runWithCanaries } from './canary-run.ts'

const RUN_MS = 60_000

let run: CanaryRun

beforeAll(async () => {
  run = await runWithCanaries()
}, RUN_MS)
afterAll(() => run?.rig.close())

it('knows every kind of secret', () => {
  expect(run.canary.names.toSorted()).toEqual([])
})
it('x', async () => {
  const { rig, canary, exchanges } = run
  const seen: Record<string, unknown> = {}
  for (const e of exchanges) {
    const k = `${e.method} ${new URL(e.url).pathname.replace(/(conn|cs)_\w+/, '$1')} ${e.status} ${/"code":"(\w+)"/.exec(e.body)?.[1] ?? ''}`
    seen[k] = (Number(seen[k] ?? 0)) + 1
  }
  console.log(seen)
  console.log(rig.stack.services.map((s) => s.output()).join('').split('\n').filter((l) => !l.includes('"event":"request"')).join('\n').slice(-9000))
  void readFile; void everyByteUnder; void everythingRedisTells; void canary
})
