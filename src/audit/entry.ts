import { hash } from 'node:crypto'
import { type Actor, currentActor } from '../shared/actor.ts'
import { type EpochMs, toRfc3339 } from '../shared/time.ts'
import type { AuditEvent } from './audit.ts'

/** One line of the trail as it is stored and exported, without its place in a chain. */
export interface AuditFields {
  readonly time: string
  readonly event: string
  readonly outcome: string
  readonly actor: Actor['kind']
  readonly [name: string]: string | number | undefined
}

/** One line of the trail with its place. `hash` covers all members but itself. */
export type AuditEntry = AuditFields & {
  /** Version of this format. */
  readonly v: number
  readonly process: string
  /** From 1 on, without a gap. */
  readonly seq: number
  /** `hash` of the entry before; empty in the first. */
  readonly prev: string
  readonly hash: string
}

export const FORMAT = 1

const MAX_TEXT = 200

/** What a text may hold of what came from outside: nothing that breaks a line or a terminal. */
const clean = (text: string | undefined): string | undefined =>
  text?.slice(0, MAX_TEXT).replace(/[^\x20-\x7e]/g, '?')

/** Puts an event into the words of the trail, with who and when. */
export function toFields(event: AuditEvent, at: EpochMs): AuditFields {
  const actor = { ...currentActor(), ...event.actor }
  return {
    time: toRfc3339(at),
    event: event.event,
    outcome: clean(event.outcome) ?? 'ok',
    actor: actor.kind,
    role: clean(actor.role),
    portal: clean(event.portalId ?? actor.portalId),
    key: clean(actor.apiKeyId),
    trace: actor.traceId,
    program: clean(event.programId),
    connection: clean(event.connectionId),
    session: clean(event.sessionId),
    token: clean(event.tokenId),
    subject: clean(event.subject),
    reason: clean(event.reason),
    count: event.count,
    since: event.since === undefined ? undefined : toRfc3339(event.since),
  }
}

/**
 * The one text that an entry has, whatever the order its members came in: JSON with the members in the
 * order of their names, in ASCII order, without spaces.
 */
export function canonical(entry: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(entry).filter((name) => entry[name] !== undefined)
  const members = names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(entry[name])}`)
  return `{${members.join(',')}}`
}

/** SHA-256 over the canonical text of all members but `hash`, base64url. */
export function hashOf(entry: Readonly<Record<string, unknown>>): string {
  const { hash: _, ...hashed } = entry
  return hash('sha256', canonical(hashed), 'base64url')
}
