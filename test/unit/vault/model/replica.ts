import type { ConnectSession } from '../../../../src/consent/session-record.ts'
import type { ReceivedTokens } from '../../../../src/samsung-account/tokens.ts'
import { type ConnectionId, newAttemptId } from '../../../../src/shared/ids.ts'
import { detach, limitStoreTime } from '../../../../src/shared/store-time.ts'
import { sleep } from '../../../../src/shared/time.ts'
import type { HandOut } from '../../../../src/vault/hand-out.ts'
import { PORTAL } from '../support/world.ts'
import { composeParts, type PartsDeps, SETTINGS } from './parts.ts'
import type { EndReason, Process } from './process.ts'

export interface Wish {
  readonly minTtlMs: number
  readonly rejected?: string
}

/** One process of the service, from the door of the vault on. */
export interface Replica {
  readonly process: Process
  handOut(connectionId: string, wish: Wish): Promise<HandOut>
  remove(connectionId: string): Promise<void>
  /** Stores the tokens of a new consent. */
  reconnect(connectionId: ConnectionId, received: ReceivedTokens): Promise<void>
  /** SIGTERM: ends the process when nothing is under way any more, or its time is over. */
  drain(): Promise<void>
}

export interface ReplicaDeps extends Omit<PartsDeps, 'clock'> {
  readonly process: Process
}

type ThePortal = Parameters<ReturnType<typeof composeParts>['deleteConnection']>[0]

export function startReplica({ process, ...deps }: ReplicaDeps): Replica {
  const { clock } = process
  const parts = composeParts({ ...deps, clock })
  const { source, breaker, prober, uncommitted } = parts
  const requests = new Set<Promise<unknown>>()
  if (deps.hasBreaker) {
    void breaker.start()
    prober.start()
  }
  process.onEnd(() => {
    breaker.stop()
    prober.stop()
  })

  /** A request, which a closing server waits for. */
  function serve<T>(work: () => Promise<T>): Promise<T> {
    const request = limitStoreTime(SETTINGS.storeLimitMs, work)
    const end = () => void requests.delete(request)
    requests.add(request)
    request.then(end, end)
    return request
  }

  async function handOut(id: string, wish: Wish): Promise<HandOut> {
    const kept = wish.rejected === undefined ? source.peek(PORTAL, id, wish.minTtlMs) : null
    return kept ?? source.handOut(PORTAL, id, { ...wish, arrivedAt: clock() })
  }

  async function reconnect(connectionId: ConnectionId, received: ReceivedTokens): Promise<void> {
    const session = { reconnects: connectionId, allowAccountChange: false } as ConnectSession
    await parts.storeConsent({ session, attempt: newAttemptId(), connectionId }, received)
  }

  async function untilDrained(): Promise<EndReason> {
    await Promise.allSettled(requests)
    await parts.idle()
    return 'drained'
  }

  return {
    process,
    handOut: (id, wish) => serve(() => handOut(id, wish)),
    remove: (id) =>
      serve(async () => {
        await parts.deleteConnection({ id: PORTAL } as ThePortal, id)
      }),
    reconnect(id, received) {
      // As a completion: it goes on when its caller has left, and a draining process waits for it.
      const { done, join } = detach(() => reconnect(id, received))
      requests.add(done)
      done.catch(() => {}).finally(() => requests.delete(done))
      return serve(join)
    },

    async drain() {
      const late = sleep(SETTINGS.drainMs).then((): EndReason => 'deadline')
      const reason = await Promise.race([untilDrained(), late])
      await process.running()
      uncommitted.abandon()
      process.exit(reason)
    },
  }
}
