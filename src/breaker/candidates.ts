/** Connections of one program by whose attempts one operation can be probed. */
export interface Candidates {
  /** An attempt of this connection was held just now. */
  held(connectionId: string): void
  /** A probe was made by this connection: the others come first now. */
  tried(connectionId: string): void
  /** It cannot tell anything any more. */
  drop(connectionId: string): void
  /**
   * In the order in which to try them: those not tried yet, the newest first, then those whose turn is
   * longest ago.
   *
   * @param failed - Connections that were refused, the newest last.
   */
  inTurn(failed: readonly string[]): readonly string[]
  /** Nothing is held any more. */
  clear(): void
}

/** Enough to take turns with. */
const MAX_HELD = 32
/** So many turns are remembered. */
const MAX_TURNS = 256

/** Creates an empty list; it is this process's own. */
export function createCandidates(): Candidates {
  /** In the order in which they were held last. */
  const held = new Set<string>()
  /** The number of each one's last turn, in the order of these. */
  const turns = new Map<string, number>()
  let count = 0

  return {
    held(connectionId) {
      held.delete(connectionId)
      held.add(connectionId)
      dropFirst(held, MAX_HELD)
    },
    tried(connectionId) {
      count += 1
      turns.delete(connectionId)
      turns.set(connectionId, count)
      dropFirst(turns, MAX_TURNS)
    },
    drop(connectionId) {
      held.delete(connectionId)
      turns.delete(connectionId)
    },
    inTurn(failed) {
      const all = [...new Set([...[...held].reverse(), ...[...failed].reverse()])]
      return all.sort((a, b) => (turns.get(a) ?? 0) - (turns.get(b) ?? 0))
    },
    clear() {
      held.clear()
      turns.clear()
    },
  }
}

/** Keeps a set or map within its limit; both remember in which order things came. */
function dropFirst(
  all: Pick<Set<string>, 'size' | 'delete'> & { keys(): Iterable<string> },
  limit: number,
): void {
  const [first] = all.keys()
  if (all.size > limit && first !== undefined) all.delete(first)
}
