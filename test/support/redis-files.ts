import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Redis } from 'ioredis'

/** Every file under a directory, as one text of bytes: append-only files, snapshots, whatever. */
export async function everyByteUnder(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const read = files.map(async ({ parentPath, name }) => {
    const content = await readFile(join(parentPath, name), 'latin1')
    return `${name}\n${content}`
  })
  return (await Promise.all(read)).join('\n')
}

/** Every key, by SCAN, in alphabetical order. */
export async function everyKey(db: Redis): Promise<readonly string[]> {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    const [next, found] = await db.scan(cursor, 'COUNT', 1000)
    for (const key of found) keys.add(key)
    cursor = next
  } while (cursor !== '0')
  return [...keys].toSorted()
}

/** Every key with its serialised value: equal when nothing was written, TTLs aside. */
export async function everyDump(db: Redis): Promise<ReadonlyMap<string, string>> {
  const keys = await everyKey(db)
  const dumps = keys.map(async (key) => {
    const dump = await db.dumpBuffer(key)
    return [key, dump === null ? '' : Buffer.from(dump).toString('latin1')] as const
  })
  return new Map(await Promise.all(dumps))
}

/** What a value looks like to whoever reads it; DUMP compresses long texts. */
async function readable(db: Redis, key: string): Promise<unknown> {
  const type = await db.type(key)
  if (type === 'hash') return db.hgetall(key)
  if (type === 'zset') return db.zrange(key, '0', '-1')
  if (type === 'stream') return db.xrange(key, '-', '+')
  return type === 'string' ? db.get(key) : type
}

/** What anybody who may ask Redis can see: keys, values, serialised values, slow log, clients. */
export async function everythingRedisTells(db: Redis): Promise<string> {
  const dumps = await everyDump(db)
  const values = await Promise.all([...dumps.keys()].map((key) => readable(db, key)))
  const rest = [
    await db.call('SLOWLOG', 'GET', '10000'),
    await db.client('LIST'),
    await db.info('all'),
  ]
  return [
    JSON.stringify([...dumps.keys()]),
    JSON.stringify([values, rest]),
    ...dumps.values(),
  ].join('\n')
}

export interface CommandWatch {
  /** Every command since the start, one line each. */
  readonly commands: readonly string[]
  stop(): void
}

/**
 * Listens with MONITOR, on a bare socket: the client takes what others send meanwhile for the answer
 * to its own first command.
 */
export async function watchCommands(db: Redis): Promise<CommandWatch> {
  const { host = '127.0.0.1', port = 6379 } = db.options
  const socket = connect({ host, port })
  const lines = createInterface({ input: socket })
  const commands: string[] = []
  socket.write('MONITOR\r\n')
  // The first line is `+OK`: from then on nothing is missed.
  await once(lines, 'line')
  lines.on('line', (line) => commands.push(argumentsOf(line).join(' ')))
  return { commands, stop: () => socket.destroy() }
}

/** `+1700000000.1 [0 127.0.0.1:1] "eval" "…"` without its head and its quotes. */
const argumentsOf = (line: string): readonly string[] =>
  Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, quoted = '']) =>
    quoted.replace(/\\(["\\])/g, '$1'),
  )
