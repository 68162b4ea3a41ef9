import { Client } from 'undici'
import { type Heard, heard, unheard } from './heard.ts'

/** A caller with a connection of its own, which is open already. */
export interface Caller {
  /** `POST` without a body. Never throws. */
  post(path: string): Promise<Heard>
}

export interface Callers {
  readonly all: readonly Caller[]
  close(): Promise<void>
}

/** Opened at the same time, or the listener's backlog would overflow and connects be repeated. */
const OPENING = 100
const PATIENCE_MS = 60_000

/** Opens `count` connections to a service: one for each caller, so that none waits for another. */
export async function openCallers(url: string, apiKey: string, count: number): Promise<Callers> {
  const timeouts = { headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS }
  const clients = Array.from({ length: count }, () => new Client(url, { ...timeouts }))
  for (let at = 0; at < count; at += OPENING) {
    await Promise.all(clients.slice(at, at + OPENING).map(open))
  }
  const headers = { authorization: `Bearer ${apiKey}` }
  return {
    all: clients.map((client) => ({ post: (path) => post(client, path, headers) })),
    async close() {
      await Promise.all(clients.map((client) => client.destroy()))
    },
  }
}

async function open(client: Client): Promise<void> {
  const { body } = await client.request({ method: 'GET', path: '/livez' })
  await body.dump()
}

async function post(
  client: Client,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Heard> {
  const startedAt = performance.now()
  const took = () => performance.now() - startedAt
  try {
    const answer = await client.request({ method: 'POST', path, headers })
    const text = await answer.body.text()
    const retryAfter = answer.headers['retry-after']
    return heard({ status: answer.statusCode, retryAfter, text }, took())
  } catch (error) {
    return unheard(error instanceof Error ? error.message : 'no answer', took())
  }
}
