import { buildService } from '../scripts/stack/build-service.ts'
import { type Effort, FULL, QUICK } from './effort.ts'
import { type Load, startLoad } from './load/load.ts'
import { describeMachine } from './machine.ts'
import { type Group, type Options, readOptions, USAGE } from './options.ts'
import { hotRows } from './rows/hot.ts'
import { signingRows } from './rows/signing.ts'
import { sizeRows } from './rows/size.ts'
import { startRows } from './rows/start.ts'
import { wideRows } from './rows/wide.ts'
import { missesFloor, type Row, renderTable } from './table.ts'
import { createWorld, type World } from './world.ts'

/** What the service does, beside what a bare handler does on the same machine in the same run. */
const MEASURES: Readonly<
  Record<Group, (world: World, load: Load, effort: Effort) => Promise<readonly Row[]>>
> = {
  hot: hotRows,
  wide: wideRows,
  signing: (world, _load, effort) => signingRows(world, effort),
  start: (world, _load, effort) => startRows(world, effort),
  size: (world, _load, effort) => sizeRows(world, effort),
}

const FOOTNOTE = `
Figures are medians over rounds. A ratio is the median of the rounds' ratios, so that what else the
machine did touches both sides of it; it need not be the quotient of the two medians. Where other
processes take more than a few per cent of the machine, requests per second say little, and the
processor time per request is the figure to look at.`

const startedAt = performance.now()

function progress(text: string): void {
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  process.stderr.write(`${`${seconds}`.padStart(4)} s  ${text}\n`)
}

async function measure(options: Options): Promise<readonly Row[]> {
  progress('building the service')
  const entry = await buildService()
  progress('starting redis, sandbox and service')
  const world = await createWorld({ ...options, entry })
  const load = startLoad([process.pid, world.redis.pid])
  const rows: Row[] = []
  try {
    for (const group of options.groups) {
      progress(`measuring ${group}`)
      const effort = options.quick ? QUICK : FULL
      rows.push(...(await MEASURES[group](world, load, effort)))
    }
  } finally {
    await load.stop()
    await world.close()
  }
  return rows
}

function readOptionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : 'bad options'}\n${USAGE}\n`)
    process.exit(64)
  }
}

// By way of `exit`, which ends the processes that were started and removes what was written.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const options = readOptionsOrExit()
const machine = await describeMachine()
const rows = await measure(options)
const missed = rows.filter(missesFloor)
console.log(`\n${renderTable(rows)}\n\n${machine}\n${FOOTNOTE}`)
for (const { name } of missed) console.error(`floor missed: ${name}`)
progress('done')
process.exitCode = missed.length > 0 ? 1 : 0
