import type { EpochMs } from '../../../../src/shared/time.ts'
import { type Connection, consentBinding, type Tombstone } from '../../../../src/vault/record.ts'
import { documentKey, type WriteResult } from '../../../../src/vault/store.ts'
import type { Process } from './process.ts'
import type { Issue } from './samsung-truth.ts'
import type { Applied, StoreWatcher, Write } from './store-server.ts'

/** A written intent to spend a refresh token. */
export interface Intent {
  readonly attempt: string
  readonly connectionId: string
  readonly generation: number
  readonly process: Process
  readonly writtenAt: EpochMs
  /** End of the lease. */
  readonly until: EpochMs
  /** It came when its process had given it up. */
  readonly wasLate: boolean
  /** Its process was told that it is on replicas. */
  isBegun: boolean
  /** Its token has been sent. */
  isSpent: boolean
}

/** Something that was said to be on replicas: a token set, or the end of a connection. */
export interface Standing {
  readonly connectionId: string
  readonly what: { readonly generation: number } | 'deleted'
  readonly process: Process
  readonly writeId: string
  /** Whoever asked for it has been told that it is done; a renewal is asked for by nobody. */
  isDone: boolean
  takenBackAt: EpochMs | null
}

export type Stored = Connection | Tombstone

/** A write of a connection, as it was applied. */
export interface Change {
  readonly before: Stored | undefined
  readonly after: Stored
  readonly write: Applied
  /** It had been deleted before; a failover may have taken that back. */
  readonly wasDeleted: boolean
}

/** What was written of every connection, and what was said about it. */
export interface Ledger extends StoreWatcher {
  readonly intents: ReadonlyMap<string, Intent>
  readonly standing: readonly Standing[]
  /** The stored document. */
  of(connectionId: string): Stored | undefined
  /** Whether it ever was deleted, as far as a write goes. */
  wasDeleted(connectionId: string): boolean
  /** A request of this process about a connection has been answered: it is done. */
  noteDone(process: Process, connectionId: string, what: 'deleted' | 'reconnected'): void
  /** When a failover last took a write of it back; with `promised`, one that was said to be on replicas. */
  takenBackAt(connectionId: string, promised?: 'promised'): EpochMs
}

export interface LedgerDeps {
  /** Connections of which the ledger is kept. */
  readonly ids: readonly string[]
  readonly now: () => EpochMs
  /** The tokens of a record. */
  readonly issueIn: (connection: Connection) => Issue | undefined
  readonly onApplied: (change: Change) => void
}

const parse = (text: string): Stored => JSON.parse(text) as Stored

const generationOf = (stored: Stored) => (stored.type === 'tombstone' ? null : stored.generation)

export function createLedger({ ids, now, issueIn, onApplied }: LedgerDeps): Ledger {
  const idOf = new Map(ids.map((id) => [documentKey(id), id]))
  const histories = new Map<string, Applied[]>(ids.map((id) => [id, []]))
  const makings = new Map<string, Pick<Standing, 'process' | 'writeId' | 'what'>>()
  const intents = new Map<string, Intent>()
  const standing: Standing[] = []
  const deleted = new Set<string>()
  const takenBack = new Map<string, EpochMs>()

  function of(id: string): Stored | undefined {
    const last = histories.get(id)?.at(-1)
    return last === undefined ? undefined : parse(last.text)
  }

  function noteIntent(record: Connection, { process, isLate }: Applied): void {
    const { attempt, until = 0, state } = consentBinding(record).refresh
    if (state !== 'refreshing' || attempt === undefined || intents.has(attempt)) return
    intents.set(attempt, {
      attempt,
      connectionId: record.id,
      generation: record.generation,
      process,
      writtenAt: now(),
      until,
      wasLate: isLate === true,
      isBegun: false,
      isSpent: false,
    })
  }

  /** Its process knows now that this document is on replicas, and all that it holds. */
  function noteSafe({ process, key, text }: Write): void {
    const connectionId = idOf.get(key)
    if (connectionId === undefined) return
    const record = parse(text)
    if (record.type === 'tombstone') {
      noteStanding(connectionId, 'deleted', process)
      return
    }
    const { refresh, tokenSet } = consentBinding(record)
    const intent = intents.get(refresh.attempt ?? '')
    if (intent?.process === process) intent.isBegun = true
    noteStanding(connectionId, tokenSet.committedBy ?? '', process)
    const issue = issueIn(record)
    if (issue?.holders.includes(process)) issue.safeWith ??= { process, at: now() }
  }

  /** @param name - The attempt that brought it, or `deleted`. */
  function noteStanding(connectionId: string, name: string, process: Process): void {
    const made = makings.get(`${connectionId} ${name}`)
    if (made?.process !== process) return
    if (standing.some(({ writeId }) => writeId === made.writeId)) return
    standing.push({
      connectionId,
      what: made.what,
      process,
      writeId: made.writeId,
      isDone: intents.has(name),
      takenBackAt: null,
    })
  }

  /** The first to write it knows how to write it again. */
  function noteMaking(before: Stored | undefined, after: Stored, write: Applied): void {
    const { process, writeId } = write
    const isDelete = after.type === 'tombstone'
    const isStep = before?.type === 'connection' && before.generation !== generationOf(after)
    if (!isDelete && !isStep) return
    const name = isDelete ? 'deleted' : consentBinding(after).tokenSet.committedBy
    const what = isDelete ? 'deleted' : { generation: after.generation }
    const id = `${after.id} ${name}`
    if (!makings.has(id)) makings.set(id, { process, writeId, what })
  }

  function noteLoss(write: Applied, wasPromised: boolean): void {
    const id = idOf.get(write.key)
    if (id === undefined) return
    histories.get(id)?.pop()
    takenBack.set(id, now())
    if (wasPromised) takenBack.set(`${id} promised`, now())
    for (const one of standing) if (one.writeId === write.writeId) one.takenBackAt ??= now()
    const [lost, left] = [parse(write.text), of(id)]
    const issue = lost.type === 'connection' ? issueIn(lost) : undefined
    const isLeft = left?.type === 'connection' && issueIn(left) === issue
    if (issue !== undefined && !isLeft && issue.safeWith !== null) issue.takenBackAt ??= now()
  }

  return {
    intents,
    standing,
    of,
    wasDeleted: (id) => deleted.has(id),
    noteDone(process, id, what) {
      for (const one of standing) {
        const isMeant = (one.what === 'deleted') === (what === 'deleted')
        if (one.process === process && one.connectionId === id && isMeant) one.isDone = true
      }
    },
    takenBackAt: (id, promised) =>
      takenBack.get(promised === undefined ? id : `${id} promised`) ?? Number.NEGATIVE_INFINITY,

    applied(write) {
      const id = idOf.get(write.key)
      if (id === undefined) return
      const [before, after] = [of(id), parse(write.text)]
      histories.get(id)?.push(write)
      noteMaking(before, after, write)
      if (after.type === 'connection') noteIntent(after, write)
      onApplied({ before, after, write, wasDeleted: deleted.has(id) })
      if (after.type === 'tombstone') deleted.add(id)
      const issue = after.type === 'connection' ? issueIn(after) : undefined
      if (issue !== undefined) issue.storedAt ??= now()
    },

    answered(write, { outcome, durable }: WriteResult) {
      const isKnown = outcome === 'won' || outcome === 'already'
      if (isKnown && durable && write.options.durable === true) noteSafe(write)
    },

    takenBack(writes) {
      for (const { write, wasPromised } of [...writes].reverse()) noteLoss(write, wasPromised)
    },
  }
}
