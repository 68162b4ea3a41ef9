import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Blow, runCell } from '../../chaos/matrix/cell.ts'
import { judge, type Verdict } from '../../chaos/matrix/judge.ts'
import { findLeaksInStore } from '../../chaos/matrix/leaks.ts'
import { MODES } from '../../chaos/matrix/modes.ts'
import { pointsNamed } from '../../chaos/matrix/points.ts'
import { type Customer, startWorld, type World } from '../../chaos/matrix/world.ts'
import { createCleanup } from '../support/cleanup.ts'

/** The way of Samsung's in which most can be lost; `npm run chaos -- --matrix` runs all. */
const MODE = 'reuse_revokes'

const CELLS: readonly (readonly [what: string, state: string, point: string, blow: Blow])[] = [
  ['killed before Samsung has its request', 'recovered', 'F4', 'SIGKILL'],
  ['killed when Samsung has acted and not answered', 'consent', 'F5', 'SIGKILL'],
  ['stopped past its lease when its tokens are stored', 'ok', 'F9', 'SIGSTOP'],
]

const cleanup = createCleanup()
let world: World
let verdicts: readonly Verdict[]

beforeAll(async () => {
  const mode = MODES.find(({ name }) => name === MODE)
  if (mode === undefined) throw new Error(`there is no mode ${MODE}`)
  world = await startWorld(mode, 'src/main.ts', cleanup)
  const customers: Customer[] = []
  for (const _ of CELLS) customers.push(await world.connect())
  verdicts = await Promise.all(customers.map((customer, n) => run(customer, n)))
})
afterAll(cleanup.run)

async function run(customer: Customer, n: number): Promise<Verdict> {
  const [, , id = '', blow = 'SIGKILL'] = CELLS[n] ?? []
  const [point] = pointsNamed([id])
  if (point === undefined) throw new Error(`there is no point ${id}`)
  const cell = { point, blow, mode: MODE }
  return judge(cell, customer, await runCell(cell, world, customer), world.sandbox)
}

it.each(CELLS)('keeps every invariant for a process %s: %s', (what, state) => {
  const n = CELLS.findIndex(([one]) => one === what)

  expect(verdicts[n]).toEqual({ state, problems: [] })
})

it('leaves no token in Redis that anybody could read', async () => {
  expect(await findLeaksInStore(world)).toEqual([])
})
