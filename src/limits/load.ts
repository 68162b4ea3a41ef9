import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServiceError } from '../shared/errors.ts'
import type { Refusals, ShedReason } from './refusals.ts'

/** How many requests are worked on at a time; 0: as many as come. */
export interface LoadSettings {
  readonly concurrentRequests: number
  readonly concurrentRequestsPerPortal: number
  readonly concurrentRequestsUnproven: number
}

/** The place of one request among those in work. It is free again when the answer is out, or its client gone. */
export interface Ticket {
  /** From now on the request counts for a portal. The refusal, when that has its share already. */
  prove(portalId: string): ServiceError | null
}

/** Bounds the requests in work, so that a burst costs answers and not the process, and nobody starves others. */
export interface Load {
  /**
   * Takes a place, as somebody who has proven nothing.
   *
   * @param recognize - The portal that sends it, as far as that can be told at once. Asked only when all
   *   places for strangers are taken.
   * @returns The refusal, when there is no place; then there is nothing to give back.
   */
  enter(res: ServerResponse, recognize: () => string | null): Ticket | ServiceError
  /** Hands on, with a request, what it has got. */
  keep(req: IncomingMessage, got: Ticket | ServiceError): void
  /** What was handed on. */
  keptOf(req: IncomingMessage): Ticket | ServiceError | undefined
  /** Requests in work. */
  inWork(): number
}

/** 0 in the settings. */
const orAny = (most: number): number => (most === 0 ? Number.POSITIVE_INFINITY : most)

/** Creates the bounds of one process. Nothing of it waits: a place is free, or it is not. */
export function createLoad(settings: LoadSettings, refusals: Pick<Refusals, 'shed'>): Load {
  const most = orAny(settings.concurrentRequests)
  const mostPerPortal = orAny(settings.concurrentRequestsPerPortal)
  const mostUnproven = orAny(settings.concurrentRequestsUnproven)
  const shares = new Map<string, { held: number }>()
  const kept = new WeakMap<IncomingMessage, Ticket | ServiceError>()
  const strangers = { held: 0 }
  let held = 0

  function shareOf(portalId: string): { held: number } {
    const known = shares.get(portalId)
    if (known !== undefined) return known
    const share = { held: 0 }
    shares.set(portalId, share)
    return share
  }

  const shed = (reason: ShedReason, portalId?: string): ServiceError =>
    refusals.shed(reason, portalId === undefined ? {} : { portalId })

  /** Gives a place to whoever sends it, out of the share that it counts for. */
  function give(res: ServerResponse, first: { held: number }): Ticket {
    let share = first
    held += 1
    share.held += 1
    res.once('close', () => {
      held -= 1
      share.held -= 1
    })
    return {
      prove(portalId) {
        if (share !== strangers) return null
        const wanted = shareOf(portalId)
        if (wanted.held >= mostPerPortal) return shed('portal', portalId)
        share.held -= 1
        wanted.held += 1
        share = wanted
        return null
      },
    }
  }

  return {
    enter(res, recognize) {
      if (held >= most) return shed('total')
      if (strangers.held < mostUnproven) return give(res, strangers)
      const portalId = recognize()
      if (portalId === null) return shed('unproven')
      const share = shareOf(portalId)
      return share.held < mostPerPortal ? give(res, share) : shed('portal', portalId)
    },

    keep: (req, got) => void kept.set(req, got),
    keptOf: (req) => kept.get(req),
    inWork: () => held,
  }
}
