import { ServiceError } from '../../../../src/shared/errors.ts'
import type { EpochMs } from '../../../../src/shared/time.ts'
import type { HandOut } from '../../../../src/vault/hand-out.ts'
import { SETTINGS } from './parts.ts'
import type { Process } from './process.ts'
import { MAX_SKEW_MS } from './setup.ts'
import type { World } from './world.ts'

/** How a call ended; `hung_up`: with its process, or not yet. */
export type Answer = 'token' | 'hung_up' | string

/** A portal's calls for tokens. */
export interface Callers {
  /** Asks, and does not wait. */
  ask(slot: number, connection: number, options?: { readonly isRefused?: boolean }): Call
  /** The connection has been deleted, says the service. */
  noteDeleted(connectionId: string): void
  /** Reports those who have waited too long. */
  checkPatience(): void
}

export interface Call {
  readonly connectionId: string
  answer(): Answer
}

interface Open extends Call {
  readonly process: Process
  readonly askedAt: EpochMs
}

const MIN_TTL_MS = 60_000
/** Two requests to Samsung, the store's share, and clocks that differ. */
const PATIENCE_MS = 2 * SETTINGS.timeoutMs + 2 * SETTINGS.storeLimitMs + SETTINGS.localCacheMs
/** What a portal may be told about a connection that it has. */
const EXPECTED = /^(consent_required|not_found|refresh_|upstream_|store_)/

export function createCallers(world: World): Callers {
  const { time, report, samsung, ledger } = world
  const deletedAt = new Map<string, EpochMs>()
  const lastTokenId = new Map<string, string>()
  const open = new Set<Open>()

  function judgeToken({ connectionId, askedAt, process }: Open, handOut: HandOut): void {
    const issued = samsung.knoxToken(handOut.value.reveal())
    lastTokenId.set(connectionId, handOut.tokenId)
    if (issued?.connectionId !== connectionId) report.problem('a caller got what is not its token')
    const leftMs = (issued?.expiresAt ?? 0) - time.now()
    const wasMadeForIt = (issued?.mintedAt ?? 0) >= askedAt
    // The clock that noted its end may be as wrong as the one that reads it.
    const onTheWayMs = time.now() - askedAt + 2 * MAX_SKEW_MS
    const wasStopped = process.stoppedUntil() > askedAt
    if (leftMs <= 0 && !wasStopped) report.problem('a caller got a token that has ended')
    if (leftMs < MIN_TTL_MS - onTheWayMs && !wasMadeForIt && !wasStopped)
      report.problem('a caller got a token that ends too soon')
    const goneAt = deletedAt.get(connectionId) ?? Number.POSITIVE_INFINITY
    const cameBack = ledger.takenBackAt(connectionId, 'promised') >= goneAt
    if (askedAt > goneAt + SETTINGS.localCacheMs && !cameBack)
      report.problem('a token of a deleted connection was handed out')
  }

  function judgeError({ connectionId }: Open, error: unknown): string {
    if (!(error instanceof ServiceError)) {
      report.problem(`a caller met a defect: ${error instanceof Error ? error.stack : error}`)
      return 'defect'
    }
    const { code } = error
    if (!EXPECTED.test(code)) report.problem(`a caller was told ${code}`)
    if (code === 'not_found' && !ledger.wasDeleted(connectionId))
      report.problem('a connection was not found')
    return code
  }

  return {
    ask(slot, connection, { isRefused = false } = {}) {
      const { process, handOut } = world.replica(slot)
      const connectionId = world.ids[connection] ?? ''
      const rejected = isRefused ? lastTokenId.get(connectionId) : undefined
      const wish = { minTtlMs: MIN_TTL_MS, ...(rejected === undefined ? {} : { rejected }) }
      let answer: Answer = 'hung_up'
      const call = { connectionId, process, askedAt: time.now(), answer: () => answer }
      const end = (how: Answer) => {
        open.delete(call)
        if (process.end() !== null) return
        answer = how
        report.trace(process.name, `answered ${connection}: ${how}`)
      }
      open.add(call)
      report.trace(process.name, `is asked for ${connection}`)
      handOut(connectionId, wish).then(
        (token) => {
          if (process.end() === null) judgeToken(call, token)
          end('token')
        },
        (error: unknown) => end(process.end() === null ? judgeError(call, error) : 'hung_up'),
      )
      return call
    },

    noteDeleted: (connectionId) => void deletedAt.set(connectionId, time.now()),

    checkPatience() {
      for (const call of open) {
        if (call.process.end() !== null) open.delete(call)
        const since = Math.max(call.askedAt, call.process.stoppedUntil())
        if (call.process.end() === null && time.now() - since > PATIENCE_MS)
          report.problem(`a caller waits for ${time.now() - since} ms`)
      }
    },
  }
}
