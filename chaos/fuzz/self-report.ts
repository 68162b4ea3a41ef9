/*
 * Loaded into a service before its own code (`--import`). At each SIGUSR2 it collects garbage and writes
 * one line about itself: memory that is in use, and what has been added to the prototypes that every
 * object has, since the first report.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

const EVERYWHERE: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Map.prototype,
  Promise.prototype,
  Error.prototype,
]

type Members = ReadonlyMap<PropertyKey, PropertyDescriptor>

const membersOf = (one: object): Members =>
  new Map(
    Reflect.ownKeys(one).map((name) => [name, Reflect.getOwnPropertyDescriptor(one, name) ?? {}]),
  )

function isSame(before: Members, after: Members): boolean {
  if (before.size !== after.size) return false
  return [...after].every(([name, { value, get, set }]) => {
    const was = before.get(name)
    return was !== undefined && Object.is(was.value, value) && was.get === get && was.set === set
  })
}

let first: readonly Members[] | undefined

process.on('SIGUSR2', () => {
  collect()
  collect()
  const now = EVERYWHERE.map(membersOf)
  const before = first ?? now
  first = before
  const { heapUsed, external, rss } = process.memoryUsage()
  const line = {
    event: 'self_report',
    in_use: heapUsed + external,
    rss,
    prototypes: now.every((one, n) => isSame(before[n] ?? new Map(), one))
      ? 'as before'
      : 'changed',
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
})
