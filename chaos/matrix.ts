import { availableParallelism } from 'node:os'
import { type Blow, type Cell, runCell } from './matrix/cell.ts'
import { judge, type Verdict } from './matrix/judge.ts'
import { findLeaksInStore } from './matrix/leaks.ts'
import { MODES } from './matrix/modes.ts'
import { POINTS, type Point, pointsNamed } from './matrix/points.ts'
import { BLOWS, cellKey, LEGEND, renderMatrix } from './matrix/table.ts'
import { type Customer, startWorld, type World } from './matrix/world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'
import { describeError } from './support/run.ts'

const STOPPED: readonly Blow[] = ['SIGSTOP']
/** Most of a cell is waiting for a lease to end. */
const AT_A_TIME = Math.min(6, 2 * availableParallelism())
const TELL_EVERY = 14

/** A cell, and the connection that it may break. */
interface Task {
  readonly cell: Cell
  readonly world: World
  readonly customer: Customer
}

/** Ends or stops a process at every point of a renewal, and checks that nothing was lost that need not be. */
export const matrixScenario: Scenario = {
  name: 'matrix',
  summary:
    'a process is killed, or stopped past its lease, at each of 14 points of a renewal, for 4 ways in which Samsung may treat refresh tokens: no consent is lost that was not lost with the process, and nobody spends a token blindly',
  takes: '2 min',
  argument: { name: 'points', default: '' },

  async run(context) {
    const points = pointsNamed(context.argument.split(',').filter((name) => name !== ''))
    const { entry, cleanup } = context
    const worlds = await Promise.all(MODES.map((mode) => startWorld(mode, entry, cleanup)))
    const tasks = (await Promise.all(worlds.map((world) => tasksOf(world, points)))).flat()
    context.say(`${tasks.length} cells, ${AT_A_TIME} at a time`)
    const verdicts = new Map<string, Verdict>()
    await eachOf(interleave(tasks), AT_A_TIME, async (task) => {
      verdicts.set(keyOf(task.cell), await runTask(task, context))
      if (verdicts.size % TELL_EVERY === 0) context.say(`${verdicts.size} of ${tasks.length}`)
    })
    for (const world of worlds)
      for (const leak of await findLeaksInStore(world))
        context.problem(`${world.mode.name}: I5: ${leak}`)
    context.say(`done\n\n${renderMatrix(verdicts, points)}\n\n${LEGEND}\n`)
  },
}

async function tasksOf(world: World, points: readonly Point[]): Promise<readonly Task[]> {
  const tasks: Task[] = []
  for (const point of points)
    for (const blow of point.onlyStopped === true ? STOPPED : BLOWS) {
      const cell = { point, blow, mode: world.mode.name }
      tasks.push({ cell, world, customer: await world.connect() })
    }
  return tasks
}

const keyOf = ({ point, mode, blow }: Cell): string => cellKey(point.id, mode, blow)

/** Those that wait among those that do not. */
const interleave = (tasks: readonly Task[]): Task[] =>
  tasks.toSorted((a, b) => POINTS.indexOf(a.cell.point) - POINTS.indexOf(b.cell.point))

async function runTask(
  { cell, world, customer }: Task,
  context: ScenarioContext,
): Promise<Verdict> {
  try {
    const evidence = await runCell(cell, world, customer)
    const verdict = judge(cell, customer, evidence, world.sandbox)
    for (const problem of verdict.problems) context.problem(`${keyOf(cell)}: ${problem}`)
    return verdict
  } catch (error) {
    const problem = describeError(error)
    context.problem(`${keyOf(cell)}: ${problem}`)
    return { state: 'stuck', problems: [problem] }
  }
}

/** Works on so many at a time, in order. */
async function eachOf<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atATime }, worker))
}
