import type { KeyPair } from '../signing/key-pair.ts'
import type { KeyVerifier } from './key-verifier.ts'
import type { Offer, SigningKeys } from './signing-keys.ts'

/** One program whose key pair is in a file. */
export interface ReloadableProgram {
  readonly id: string
  readonly keys: SigningKeys
  /** Reads the file as at the start; returns the broken rule when that fails. */
  readonly read: () => { readonly keys: KeyPair } | { readonly rule: string }
}

/** What is told of a reload; the verdict of Samsung is told by the keys themselves. */
export interface ReloadReport {
  begun(count: number): void
  read(programId: string, offer: Offer, thumbprint: string): void
  unusable(programId: string, rule: string): void
  /** The program has no connection by which the key could be tried now. */
  waiting(programId: string, thumbprint: string): void
  /** A defect, or the store is away; what waits goes on waiting. */
  failed(programId: string, error: unknown): void
}

/** Reads key pairs again while the process runs. */
export interface KeyReload {
  /**
   * Reads the file of every program, and has what is new tried by one exchange each. While one reload goes on, a
   * second waits for its turn, and more join the second. Never throws.
   */
  run(): Promise<void>
  /** Resolves when no reload is under way. */
  idle(): Promise<void>
}

/** Creates the reload of these programs; each goes its own way. */
export function createKeyReload(deps: {
  readonly programs: readonly ReloadableProgram[]
  readonly verifier: KeyVerifier
  readonly report: ReloadReport
}): KeyReload {
  const { programs, verifier, report } = deps
  let last: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | null = null

  async function reload({ id, keys, read }: ReloadableProgram): Promise<void> {
    const found = read()
    if ('rule' in found) {
      keys.reject(found.rule)
      return report.unusable(id, found.rule)
    }
    const { thumbprint } = found.keys
    const offer = keys.offer(found.keys)
    report.read(id, offer, thumbprint)
    if (offer !== 'pending') return
    const isDecided = () => keys.state().pending === null
    await verifier.verify(id, isDecided)
    if (!isDecided()) report.waiting(id, thumbprint)
  }

  async function reloadAll(): Promise<void> {
    report.begun(programs.length)
    await Promise.all(
      programs.map((program) =>
        reload(program).catch((error: unknown) => report.failed(program.id, error)),
      ),
    )
  }

  return {
    run() {
      if (waiting !== null) return waiting
      const turn = last.then(() => {
        waiting = null
        return reloadAll()
      })
      waiting = turn
      last = turn
      return turn
    },
    idle: () => last,
  }
}
