import { once } from 'node:events'
import { createServer } from 'node:net'
import { freePort } from '../stack/service-process.ts'

/**
 * Chooses where to listen: the port that people know, or any free one when somebody has it.
 *
 * Both loopback addresses count. A browser may take `localhost` for either, and would meet the other
 * program.
 */
export async function choosePort(preferred: number): Promise<number> {
  for (const host of ['127.0.0.1', '::1']) if (await isTaken(preferred, host)) return freePort()
  return preferred
}

async function isTaken(port: number, host: string): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
    return false
  } catch (error) {
    // A machine without IPv6 has nothing there to be in the way.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'EADDRINUSE' || code === 'EACCES'
  } finally {
    server.close()
  }
}
