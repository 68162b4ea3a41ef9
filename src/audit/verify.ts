import type { ChainHead } from './chain.ts'
import { type Line, readLine } from './entry-line.ts'

/**
 * What is wrong with an entry.
 *
 * - `altered`: it is not what its hash says, or the entry after it was not written behind it.
 * - `missing`: the chain jumps over it, or ends before a checkpoint.
 * - `duplicated`: it is there twice. `out_of_order`: it comes after a later one.
 * - `unreadable`: no entry of this format, and so of no chain.
 */
export type Fault = 'altered' | 'missing' | 'duplicated' | 'out_of_order' | 'unreadable'

export interface BadEntry {
  readonly fault: Fault
  readonly processId?: string
  readonly seq?: number
  /** Place of the entry, or of the one that gives it away. */
  readonly at: string
}

/** What was found about the chain of one process. */
export interface ChainReport extends ChainHead {
  /** Of its newest entry. */
  readonly time: string
  /** Number of the first entry: more than 1 where retention has taken those before it. */
  readonly first: number
  readonly entries: number
  /** Whether the process has said that it ended. One that runs, or was killed, has not. */
  readonly ended: boolean
  /** The first bad entry; nothing after it was looked at. */
  readonly bad?: BadEntry
}

export interface Verdict {
  readonly chains: readonly ChainReport[]
  /** The first bad entry of every chain, and what belongs to no chain. */
  readonly bad: readonly BadEntry[]
}

/** The head of a chain that was kept elsewhere, and when: RFC 3339. */
export type Checkpoint = ChainHead & { readonly time?: string }

export interface VerifyOptions {
  /** Each must be found as it was, unless it is older than all there is: then it was trimmed. */
  readonly checkpoints?: readonly Checkpoint[]
  /** Nothing was trimmed: every chain must begin with its first entry. */
  readonly complete?: boolean
}

export interface Verifier {
  /** Takes the next stored entry or line of an export. @param at - Its place, to name it by. */
  take(text: string, at: string): void
  end(): Verdict
}

interface Progress extends Omit<ChainReport, 'bad'> {
  readonly at: string
  readonly bad: BadEntry | undefined
}

/** Creates a verifier. It looks at each entry once, and keeps one head per chain. */
export function createVerifier({ checkpoints = [], complete = false }: VerifyOptions): Verifier {
  const chains = new Map<string, Progress>()
  const strays: BadEntry[] = []
  let oldest: string | undefined

  function judge(known: Progress | undefined, line: Line, at: string): BadEntry | undefined {
    const { processId, seq, hash } = line
    const bad = known === undefined ? beginFault(line, at, complete) : stepFault(known, line, at)
    if (bad !== undefined) return bad
    const isOther = checkpoints.some(
      (one) => one.processId === processId && one.seq === seq && one.hash !== hash,
    )
    return isOther ? { fault: 'altered', processId, seq, at } : undefined
  }

  /** A chain that does not reach as far as somebody has seen it. */
  function unmet(checkpoint: Checkpoint): void {
    const { processId, seq } = checkpoint
    const known = chains.get(processId)
    if (known === undefined) {
      if (!isTrimmed(checkpoint, oldest))
        strays.push({ fault: 'missing', processId, seq, at: 'nowhere' })
    } else if (known.seq < seq && known.bad === undefined) {
      const bad: BadEntry = { fault: 'missing', processId, seq: known.seq + 1, at: known.at }
      chains.set(processId, { ...known, bad })
    }
  }

  return {
    take(text, at) {
      const line = readLine(text)
      if (line === null) return void strays.push({ fault: 'unreadable', at })
      oldest ??= line.time
      const known = chains.get(line.processId)
      if (known?.bad !== undefined)
        return void chains.set(line.processId, reclassify(known, line, at))
      const bad = judge(known, line, at)
      chains.set(
        line.processId,
        bad === undefined ? advance(known, line, at) : stop(known, line, bad),
      )
    },

    end() {
      for (const checkpoint of checkpoints) unmet(checkpoint)
      const reports = [...chains.values()].map(toReport)
      return { chains: reports, bad: [...reports.flatMap(({ bad }) => bad ?? []), ...strays] }
    },
  }
}

/** A checkpoint is told up to an hour after its entry. */
const CHECKPOINT_AGE_MS = 3_600_000

const isTrimmed = ({ time }: Checkpoint, oldest: string | undefined): boolean =>
  time !== undefined &&
  oldest !== undefined &&
  Date.parse(time) - CHECKPOINT_AGE_MS < Date.parse(oldest)

function beginFault(line: Line, at: string, complete: boolean): BadEntry | undefined {
  const { processId, seq, prev } = line
  if (!line.isAsWritten || (seq === 1) !== (prev === ''))
    return { fault: 'altered', processId, seq, at }
  return complete && seq > 1 ? { fault: 'missing', processId, seq: 1, at } : undefined
}

function stepFault(known: Progress, line: Line, at: string): BadEntry | undefined {
  const { processId, seq } = line
  if (!line.isAsWritten) return { fault: 'altered', processId, seq, at }
  if (seq < known.first) return { fault: 'out_of_order', processId, seq, at }
  if (seq <= known.seq) return { fault: 'duplicated', processId, seq, at }
  if (seq > known.seq + 1) return { fault: 'missing', processId, seq: known.seq + 1, at }
  // Both are what their hashes say, so somebody has made at least one of them anew.
  if (line.prev !== known.hash) return { fault: 'altered', processId, seq: known.seq, at: known.at }
  return undefined
}

const advance = (known: Progress | undefined, line: Line, at: string): Progress => ({
  processId: line.processId,
  seq: line.seq,
  hash: line.hash,
  time: line.time,
  first: known?.first ?? line.seq,
  entries: (known?.entries ?? 0) + 1,
  ended: line.event === 'process_stopped',
  at,
  bad: undefined,
})

/** A chain that begins with a bad entry has no entry that stands. */
function stop(known: Progress | undefined, line: Line, bad: BadEntry): Progress {
  const nothing = { ...advance(known, line, bad.at), seq: line.seq - 1, hash: '', entries: 0 }
  return { ...(known ?? nothing), bad }
}

/** An entry that seemed missing was only moved. */
const reclassify = (known: Progress, { seq }: Line, at: string): Progress =>
  known.bad?.fault === 'missing' && known.bad.seq === seq
    ? { ...known, bad: { ...known.bad, fault: 'out_of_order', at } }
    : known

function toReport({ at: _, bad, ...chain }: Progress): ChainReport {
  return bad === undefined ? chain : { ...chain, bad }
}
