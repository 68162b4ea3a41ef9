import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { judgeStop } from '../../../chaos/fuzz/judge.ts'
import { defectsIn, type FuzzResult, runFuzz } from '../../../chaos/fuzz/run.ts'
import { fuzzSettings } from '../../../chaos/fuzz/settings.ts'
import { type FuzzWorld, startFuzzWorld } from '../../../chaos/fuzz/world.ts'

/** `npm run chaos -- --fuzz` sends 100,000. */
const PLAN = { requests: 2000, seed: 20_261_120, batch: 400, clients: 8 }

const START_MS = 60_000

let world: FuzzWorld
let result: FuzzResult

beforeAll(async () => {
  world = await startFuzzWorld('src/main.ts', fuzzSettings())
  result = await runFuzz(world, PLAN, () => {})
}, START_MS)
afterAll(() => world?.close())

describe('two thousand fuzzed requests to every route of both listeners', () => {
  it('are each answered as they should be', () => {
    expect([...result.problems]).toEqual([])
  })

  it('reach what is behind the door, and not only the door', () => {
    const count = (...wanted: readonly number[]) =>
      wanted.reduce((sum, status) => sum + (result.statuses.get(status) ?? 0), 0)
    expect(result.requests).toBeGreaterThanOrEqual(PLAN.requests)
    expect(count(200, 201, 204)).toBeGreaterThan(200)
    expect(count(404, 405, 409, 413, 415, 422)).toBeGreaterThan(200)
  })

  it('leave no defect in the log, and the same process alive', async () => {
    const [service] = world.rig.stack.services
    expect(defectsIn(service?.output() ?? 'no service')).toEqual([])
    expect((await fetch(`${service?.url}/livez`)).status).toBe(200)
  })

  it('change no prototype in the service', () => {
    expect(result.reports.map(({ prototypes }) => prototypes)).toEqual(
      result.reports.map(() => 'as before'),
    )
    expect(result.reports.length).toBeGreaterThan(1)
  })

  it('take nothing from connections that they do not name, or of another portal', async () => {
    for (const id of world.witnesses) expect((await world.rig.token(id)).status).toBe(200)
    for (const id of world.foreign) {
      const answer = await world.callOther('POST', `/v1/connections/${id}/token`)
      expect(answer.status).toBe(200)
    }
  })

  it('keep nobody from connecting', async () => {
    const answer = await world.rig.token(await world.rig.connect('afterwards'))
    expect(answer.status).toBe(200)
  })
  it('leave nothing behind that keeps the process from ending', async () => {
    const problems: string[] = []
    await judgeStop({ say: () => {}, problem: (what) => void problems.push(what) }, world)
    expect(problems).toEqual([])
  })
})
