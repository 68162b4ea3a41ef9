import type { ServerResponse } from 'node:http'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { createSamsungAccountClient } from '../../../src/samsung-account/client.ts'
import type { SamsungAccountClient } from '../../../src/samsung-account/tokens.ts'
import type { Log } from '../../../src/shared/log.ts'
import { serve } from '../outbound/servers.ts'
import { makeProgram } from './program.ts'

export const NOW = 1_760_000_000_000
export const REDIRECT_URI = 'https://gate.example/callback/emm-eu'

/** What the token endpoint saw of one request. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly contentType: string
  readonly authorization: string | undefined
  readonly body: string
}

/** A token endpoint, the client that asks it, what it saw, and what the client logged. */
export interface TestBench {
  readonly client: SamsungAccountClient
  readonly seen: SeenRequest[]
  readonly events: string[]
  close(): Promise<void>
}

/** Starts a token endpoint that answers as told, and a client of it. */
export async function startBench(
  answer: (res: ServerResponse) => void,
  timeoutMs = 5000,
): Promise<TestBench> {
  const seen: SeenRequest[] = []
  const events: string[] = []
  const server = await serve((req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (text) => {
      body += text
    })
    req.on('end', () => {
      const { method = '', url = '', headers } = req
      const { 'content-type': contentType = '', authorization } = headers
      seen.push({ method, url, contentType, authorization, body })
      answer(res)
    })
  })
  const outbound = createOutbound({
    allowedOrigins: [server.origin],
    timeoutMs,
    responseLimitBytes: 1_000_000,
    clock: () => NOW,
  })
  const client = createSamsungAccountClient({
    program: makeProgram(server.origin),
    redirectUri: REDIRECT_URI,
    outbound,
    log: createRecordingLog(events),
  })
  return {
    client,
    seen,
    events,
    async close() {
      await outbound.close()
      await server.close()
    },
  }
}

function createRecordingLog(events: string[]): Log {
  const record = (event: string): void => {
    events.push(event)
  }
  return { debug: record, info: record, warn: record, error: record }
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (res: ServerResponse): void => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers })
    res.end(JSON.stringify(body))
  }
