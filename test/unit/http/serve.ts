import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from '@jest/globals'
import { createLog, type Log } from '../../../src/shared/log.ts'

const open: Server[] = []

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

/** Serves on a free port of the loopback interface until the test is over. */
export async function serve(app: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(app)
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // The address of a listening TCP server is never a string or null.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, server }
}

export interface LoggedEvent {
  readonly event: string
  readonly level: string
  readonly [field: string]: unknown
}

/** A real log that keeps its lines, and a promise for the next event of a name. */
export function recordLog(): {
  log: Log
  lines: string[]
  event(name: string): Promise<LoggedEvent>
} {
  const lines: string[] = []
  const waiting: (() => void)[] = []
  const write = (line: string) => {
    lines.push(line)
    for (const wake of waiting.splice(0)) wake()
  }
  const find = (name: string) =>
    lines.map((line): LoggedEvent => JSON.parse(line)).find(({ event }) => event === name)
  const event = async (name: string): Promise<LoggedEvent> => {
    const found = find(name)
    if (found !== undefined) return found
    await new Promise<void>((resolve) => waiting.push(resolve))
    return event(name)
  }
  return { log: createLog('debug', { write }), lines, event }
}
