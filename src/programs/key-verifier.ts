import type { ProbeAttempts } from '../breaker/probe-attempts.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Connections, Snapshot } from '../vault/connections.ts'
import type { Directory } from '../vault/directory.ts'
import { currentBinding } from '../vault/record.ts'

/** Has an exchange made, so that a key that waits is tried at once. */
export interface KeyVerifier {
  /**
   * Makes exchanges of the program's connections until `isDecided`, a few at most. An exchange that fails is
   * nobody's loss: the connection keeps the token it has.
   */
  verify(programId: string, isDecided: () => boolean): Promise<void>
}

export interface KeyVerifierDeps {
  readonly portals: readonly { readonly id: string; readonly programs: readonly string[] }[]
  readonly directory: Pick<Directory, 'list'>
  readonly connections: Pick<Connections, 'read'>
  readonly attempts: ProbeAttempts
}

/** Enough to meet one that is not frozen, ended or of another program. */
const MAX_LOOKS = 100
/** One that fails may be wrong by itself. */
const MAX_EXCHANGES = 3

/** Creates the verifier over the connections that there are. */
export function createKeyVerifier(deps: KeyVerifierDeps): KeyVerifier {
  const { portals, directory, connections, attempts } = deps

  async function idsOf(programId: string): Promise<readonly string[]> {
    const mayUse = portals.filter(({ programs }) => programs.includes(programId))
    const lists = await Promise.all(mayUse.map(({ id }) => directory.list(id, null, MAX_LOOKS)))
    return lists.flat()
  }

  async function read(id: string): Promise<Snapshot | null> {
    return connections.read(id).catch((error: unknown) => {
      // The sweep reports a record that nobody can read.
      if (error instanceof ServiceError && error.code === 'record_unreadable') return null
      throw error
    })
  }

  const isReady = (programId: string, snapshot: Snapshot): boolean =>
    currentBinding(snapshot.connection).program === programId &&
    attempts.fitness('exchange', snapshot) === 'ready'

  async function attempt(snapshot: Snapshot): Promise<void> {
    try {
      await attempts.make('exchange', snapshot)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
    }
  }

  return {
    async verify(programId, isDecided) {
      let made = 0
      for (const id of await idsOf(programId)) {
        if (isDecided() || made === MAX_EXCHANGES) return
        const snapshot = await read(id)
        if (snapshot === null || !isReady(programId, snapshot)) continue
        made += 1
        await attempt(snapshot)
      }
    },
  }
}
