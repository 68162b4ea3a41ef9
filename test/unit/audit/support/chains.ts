import { createChain } from '../../../../src/audit/chain.ts'
import { type AuditEntry, canonical, hashOf, toFields } from '../../../../src/audit/entry.ts'
import { createVerifier, type Verdict, type VerifyOptions } from '../../../../src/audit/verify.ts'

const START = Date.parse('2026-11-20T17:00:00Z')

/** The chain of a process that did so many things; the first is its start and, if it ended, the last its end. */
export function chainOf(processId: string, length: number, ended = false): readonly AuditEntry[] {
  const chain = createChain(processId)
  return Array.from({ length }, (_, n) => {
    const isEnd = ended && n === length - 1
    const event = n === 0 ? 'process_started' : isEnd ? 'process_stopped' : 'token_minted'
    return chain.append(toFields({ event, portalId: 'acme', tokenId: `t${n}` }, START + n * 1000))
  })
}

/** An entry as somebody would forge it: changed, and given the hash that fits. */
export function forged(entry: AuditEntry, change: Readonly<Record<string, unknown>>): AuditEntry {
  const { hash: _, ...rest } = { ...entry, ...change } as AuditEntry
  const placed = rest as AuditEntry
  return { ...placed, hash: hashOf(placed) }
}

/** What the verifier says of these lines; each has its position as its place. */
export function verify(
  lines: readonly (AuditEntry | string)[],
  options: VerifyOptions = {},
): Verdict {
  const verifier = createVerifier(options)
  for (const [n, line] of lines.entries())
    verifier.take(typeof line === 'string' ? line : canonical(line), String(n))
  return verifier.end()
}

/** The newest entry, as an operator would have kept it. */
export function headOf(chain: readonly AuditEntry[]) {
  const last = chain.at(-1)
  if (last === undefined) throw new Error('no entry')
  return { processId: last.process, seq: last.seq, hash: last.hash, time: last.time }
}
