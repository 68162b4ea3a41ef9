import { once } from 'node:events'
import { spawnNode } from '../stack/child.ts'

/** The example portal, in a process of its own. */
export interface PortalProcess {
  readonly url: string
  /** Everything it has written so far. */
  output(): string
  /** Sends SIGTERM, waits for the end. */
  stop(): Promise<void>
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>
}

export interface PortalProcessOptions {
  readonly knoxgateUrl: string
  readonly apiKey: string
  readonly program: string
  readonly port: number
}

/**
 * Starts `examples/portal` and waits until it listens.
 *
 * @throws Error with what it wrote when it ends instead.
 */
export async function startPortalProcess(options: PortalProcessOptions): Promise<PortalProcess> {
  const child = spawnNode('examples/portal/server.ts', {
    KNOXGATE_URL: options.knoxgateUrl,
    KNOXGATE_API_KEY: options.apiKey,
    PROGRAM: options.program,
    PORT: String(options.port),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const ended = once(child, 'exit')
  const failed = ended.then(() => {
    throw new Error(`the example portal ended before it was ready:\n${output}`)
  })
  await Promise.race([once(child.stdout, 'data'), failed])
  // From here on the end is no failure.
  failed.catch(() => {})
  return {
    url: `http://localhost:${options.port}`,
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
    ended,
  }
}
