import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestHandler } from 'express'
import type { Context } from '../context.ts'
import {
  type CodeAction,
  type FaultAction,
  type StatusAction,
  takeFault,
} from '../control/faults.ts'
import { addRequest, type RequestEntry, type RequestFacts, type Target } from '../record.ts'
import { deliver, holdBack, statusOnWire } from './deliver.ts'
import { type Incoming, json, type Reply, readIncoming } from './exchange.ts'
import { setOwnDate } from './own-date.ts'

/** One imitated endpoint: knows nothing of Express, of faults or of the record. */
export interface Endpoint {
  readonly on: Target
  /**
   * Reads what the record should say about a request, without judging it. Called once for every
   * request, just before it is handled or a fault takes its place. Never throws.
   */
  facts(incoming: Incoming): RequestFacts
  /** Judges the request, acts, and answers; refusals are answers too. */
  handle(incoming: Incoming): Reply
  /** Answers with a scripted code in this endpoint's own shape. */
  refuse(action: CodeAction): Reply
}

/** Puts an endpoint on the wire: meets the next scripted fault, and records what happened. */
export function serve(ctx: Context, endpoint: Endpoint): RequestHandler {
  return async (req, res) => {
    const { state } = ctx
    const at = new Date(ctx.now()).toISOString()
    const incoming = readIncoming(req)
    const fault = takeFault(state.faults, endpoint.on)
    state.arrivals.emit(endpoint.on)
    if (fault?.kind === 'delay') await sleep(fault.ms, undefined, { ref: false })
    const facts = endpoint.facts(incoming)
    const reply = answer(endpoint, incoming, fault)
    const route = `${req.method} ${incoming.path}`
    const entry: RequestEntry = {
      at,
      on: endpoint.on,
      route,
      ...facts,
      ...outcome(reply, fault),
      delivery: 'pending',
    }
    addRequest(state.activity, entry)
    if (entry.outcome !== 'not_judged') state.effects.emit(endpoint.on)
    await holdBack(res, fault)
    // Again, because a fault may have made the first one old.
    setOwnDate(ctx, res)
    entry.delivery = await deliver(res, reply, fault)
    reply?.onDelivery?.(entry.delivery)
  }
}

const actsFirst = ({ kind }: FaultAction): boolean =>
  kind !== 'reset' && kind !== 'code' && kind !== 'status'

function answer(endpoint: Endpoint, incoming: Incoming, fault: FaultAction | null): Reply | null {
  if (fault?.kind === 'reset') return null
  if (fault?.kind === 'code') return endpoint.refuse(fault)
  if (fault?.kind === 'status') return scripted(fault)
  return endpoint.handle(incoming)
}

function scripted(fault: StatusAction): Reply {
  const reply =
    typeof fault.body === 'string'
      ? { status: fault.status, headers: { 'Content-Type': 'text/plain' }, body: fault.body }
      : { ...json(fault.status, fault.body), body: JSON.stringify(fault.body) ?? '' }
  return { ...reply, headers: { ...reply.headers, ...fault.headers } }
}

type Outcome = Pick<RequestEntry, 'status' | 'outcome' | 'code' | 'family' | 'issued' | 'fault'>

function outcome(reply: Reply | null, fault: FaultAction | null): Outcome {
  const accepted = reply?.refusal === undefined ? 'accepted' : 'refused'
  return {
    status: statusOnWire(reply, fault),
    outcome: fault === null || actsFirst(fault) ? accepted : 'not_judged',
    ...(reply?.refusal === undefined ? {} : { code: reply.refusal }),
    ...(reply?.family === undefined ? {} : { family: reply.family }),
    ...(reply?.issued === undefined ? {} : { issued: reply.issued }),
    ...(fault === null ? {} : { fault: fault.kind }),
  }
}
