import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { SamsungAccountProgram } from '../../../src/config/config.ts'
import type { ProgramCredentials } from '../../../src/knox/credentials.ts'
import type { KnoxKind } from '../../../src/knox/kind.ts'
import type { KnoxObservation } from '../../../src/knox/observe.ts'
import { createSamsungAccountKind } from '../../../src/knox/samsung-account-kind.ts'
import { type ClockGovernor, createClockGovernor } from '../../../src/outbound/clock-governor.ts'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { createLog } from '../../../src/shared/log.ts'
import { createSigningKey } from '../../../src/signing/signing-key.ts'
import { serve } from '../outbound/servers.ts'
import { makeProgram } from '../samsung-account/program.ts'

export const NOW = 1_760_000_000_000

interface SeenCall {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A Knox server, the kind that asks it, what it saw, and what the kind reported. */
export interface KnoxBench {
  readonly kind: KnoxKind
  readonly program: SamsungAccountProgram
  /** Told about every answer, as the service's is. */
  readonly samsungClock: ClockGovernor
  readonly calls: SeenCall[]
  readonly observations: KnoxObservation[]
  close(): Promise<void>
}

/** Time stands still. */
const STILL = { clock: () => NOW, monotonic: () => 0 }

/** Starts a Knox server that answers as told, call by call, and a kind that asks it. */
export async function startKnox(
  answers: readonly ((res: ServerResponse) => void)[],
  knox: Partial<SamsungAccountProgram['knox']> = {},
  { clock, monotonic } = STILL,
): Promise<KnoxBench> {
  const calls: SeenCall[] = []
  const observations: KnoxObservation[] = []
  const server = await serve((req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (text) => {
      body += text
    })
    req.on('end', () => {
      const { method = '', url = '', headers } = req
      const answer = answers[Math.min(calls.length, answers.length - 1)]
      calls.push({ method, url, headers, body })
      answer?.(res)
    })
  })
  const samsungClock = createClockGovernor({ clock, monotonic, log: createLog('silent') })
  const outbound = createOutbound({
    allowedOrigins: [server.origin],
    timeoutMs: 2000,
    responseLimitBytes: 100_000,
    clock,
    onResponse: samsungClock.observe,
  })
  const program = makeProgram(server.origin, { knox })
  const { clientIdentifier, keys } = program
  const used = { clientIdentifier, key: createSigningKey(keys) }
  const credentials: ProgramCredentials = { exchange: (attempt) => attempt(used) }
  const observe = (observation: KnoxObservation) => observations.push(observation)
  return {
    kind: createSamsungAccountKind({
      program,
      credentials,
      outbound,
      samsungClock,
      clock,
      observe,
    }),
    program,
    samsungClock,
    calls,
    observations,
    async close() {
      await outbound.close()
      await server.close()
    },
  }
}

/** An unsigned Knox token as AMS makes it (protocol.md 9b). */
export const kcsToken = (exp: number | undefined): string =>
  [{ alg: 'HS256' }, { context: 'c', accessToken: 'uuid', iss: 'AMS', exp, jti: '1' }, 'sig']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')

/** The header or claims of a JWT, unverified. */
export const decode = (jwt: string, part: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[part] ?? '', 'base64url').toString())
