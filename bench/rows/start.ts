import type { Effort } from '../effort.ts'
import { median } from '../rounds.ts'
import type { Row } from '../table.ts'
import type { World } from '../world.ts'

/** From the start of the process to its `ready` event, with Redis: built, and from source. */
export async function startRows(world: World, { starts }: Effort): Promise<readonly Row[]> {
  const built = await timeStarts(world, starts)
  const source = await timeStarts(world, starts, 'src/main.ts')
  return [
    { name: 'start to ready', figure: built, unit: 'ms', goal: 500, lowerIsBetter: true },
    { name: 'start to ready, from source', figure: source, unit: 'ms' },
  ]
}

async function timeStarts(world: World, starts: number, entry?: string): Promise<number> {
  const times: number[] = []
  for (let start = 0; start < starts; start++) {
    const startedAt = performance.now()
    const service = await world.startService({}, entry)
    times.push(performance.now() - startedAt)
    await service.stop()
  }
  return median(times)
}
