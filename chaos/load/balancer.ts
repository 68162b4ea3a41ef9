import { Agent } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { type Heard, heard, type RawReply, unheard } from './heard.ts'
import { type Broken, type Outgoing, send } from './send.ts'

/**
 * A load balancer as deployments have them, without its own process: it speaks for all callers and
 * keeps a pool of connections to each replica.
 *
 * - Round robin over the replicas that are in.
 * - Out is a replica whose `/readyz` is not 200, and one that refuses a connection, from then on. Where
 *   all are out, those that listen are asked all the same: better their answer than none.
 * - A request goes to another replica only if it cannot have been acted on: the connection was refused,
 *   it was one kept idle that ended before a byte of the answer (RFC 9112 §9.3.1), or a new one that was
 *   reset before a byte, as those are that nobody had accepted. Everything else is for the caller to know.
 */
export interface Balancer {
  /** Sends one request; never throws. */
  call(method: string, path: string, body?: unknown): Promise<Heard>
  /** How often a request went to another replica. */
  readonly retried: Readonly<Record<Exclude<Broken['broken'], 'unknown'>, number>>
  close(): void
}

interface Backend {
  readonly url: string
  readonly agent: Agent
  state: 'in' | 'unready' | 'refusing'
}

const CHECK_EVERY_MS = 100
const CHECK: Outgoing = { method: 'GET', path: '/readyz', headers: {}, timeoutMs: 1_000 }
const PATIENCE_MS = 30_000
const POOL = 64
/** How often a request looks for a replica that is in before it is given up. */
const LOOKS = 20

/** Starts checking the replicas; all are in until a check says otherwise. */
export function createBalancer(urls: readonly string[], apiKey: string): Balancer {
  const backends: readonly Backend[] = urls.map((url) => ({
    url,
    agent: new Agent({ keepAlive: true, maxSockets: POOL }),
    state: 'in',
  }))
  const retried = { refused: 0, idle_closed: 0, unaccepted: 0 }
  let turn = 0
  let isClosed = false

  async function check(backend: Backend): Promise<void> {
    while (!isClosed) {
      const answer = await send(backend.url, backend.agent, CHECK)
      backend.state = stateAfter(answer)
      await wait(CHECK_EVERY_MS, undefined, { ref: false })
    }
  }
  for (const backend of backends) void check(backend)

  async function next(): Promise<Backend | null> {
    for (let look = 0; look < LOOKS; look++) {
      const inTurn = backends.map((_, at) => backends[(turn + at) % backends.length])
      turn += 1
      const found =
        inTurn.find((one) => one?.state === 'in') ?? inTurn.find((one) => one?.state === 'unready')
      if (found !== undefined) return found
      await wait(CHECK_EVERY_MS)
    }
    return null
  }

  return {
    retried,
    async call(method, path, body) {
      const startedAt = performance.now()
      const took = () => performance.now() - startedAt
      const outgoing = toOutgoing(method, path, apiKey, body)
      for (;;) {
        const backend = await next()
        if (backend === null) return unheard('no replica listens', took())
        const answer = await send(backend.url, backend.agent, outgoing)
        if ('status' in answer) return heard(answer, took())
        if (answer.broken === 'unknown') return unheard(answer.why, took())
        retried[answer.broken] += 1
        if (answer.broken !== 'idle_closed') backend.state = 'refusing'
      }
    },
    close() {
      isClosed = true
      for (const { agent } of backends) agent.destroy()
    },
  }
}

function stateAfter(check: RawReply | Broken): Backend['state'] {
  if ('status' in check) return check.status === 200 ? 'in' : 'unready'
  return check.broken === 'refused' ? 'refusing' : 'unready'
}

function toOutgoing(method: string, path: string, apiKey: string, body: unknown): Outgoing {
  const authorization = `Bearer ${apiKey}`
  const common = { method, path, timeoutMs: PATIENCE_MS }
  if (body === undefined) return { ...common, headers: { authorization } }
  const text = JSON.stringify(body)
  const length = String(Buffer.byteLength(text))
  const headers = { authorization, 'content-type': 'application/json', 'content-length': length }
  return { ...common, headers, body: text }
}
