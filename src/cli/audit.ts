import { Command } from 'commander'
import { exportLine } from '../audit/entry-line.ts'
import { type BadEntry, createVerifier, type Verdict } from '../audit/verify.ts'
import { linesOf, openTrail, readCheckpoints } from './audit-input.ts'
import { CommandFailed, type Io, UsageError } from './io.ts'

interface ExportOptions {
  readonly since?: string
  readonly until?: string
  readonly connection?: string
  readonly portal?: string
}

interface VerifyOptions {
  readonly file?: string
  readonly checkpoints?: string
  readonly complete?: boolean
}

/** `audit export` and `audit verify`: reading the audit trail, and proving that it is whole. */
export function auditCommand(io: Io): Command {
  const command = new Command('audit').description('audit trail')
  command
    .command('export')
    .description('print the trail, one JSON object per line, oldest first')
    .option('--since <time>', 'from this time on, RFC 3339')
    .option('--until <time>', 'up to this time, RFC 3339')
    .option('--connection <id>', 'what is about this connection')
    .option('--portal <id>', 'what is about this portal')
    .addHelpText('after', '\nNeeds REDIS_URL (or REDIS_URL_FILE) and nothing else.')
    .action((options: ExportOptions) => exportTrail(options, io))
  command
    .command('verify')
    .description('check that no entry was altered, removed, repeated or moved')
    .option('--file <path>', 'check a whole export instead of what is in Redis')
    .option('--checkpoints <path>', 'a log, or what verify printed before: it must still hold')
    .option('--complete', 'nothing was trimmed: every process must begin with its first entry')
    .addHelpText('after', '\nNeeds REDIS_URL (or REDIS_URL_FILE), or --file. Exit code 1: a fault.')
    .action((options: VerifyOptions) => verifyTrail(options, io))
  return command
}

async function exportTrail(options: ExportOptions, { env, out }: Io): Promise<void> {
  const range = { ...at('since', options.since), ...at('until', options.until) }
  const { connection, portal } = options
  const wanted = Object.entries({ connection, portal }).filter(([, id]) => id !== undefined)
  const trail = openTrail(env)
  try {
    for await (const { id, text } of trail.read(range)) {
      const entry = wanted.length === 0 ? {} : parsed(text)
      if (wanted.every(([name, value]) => entry[name] === value)) out(`${exportLine(id, text)}\n`)
    }
  } finally {
    await trail.close()
  }
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

function at(option: 'since' | 'until', text: string | undefined): Record<string, number> {
  if (text === undefined) return {}
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw new UsageError(`--${option} must be a time such as 2026-11-20T17:00:00Z`)
  return { [option]: ms }
}

/** What cannot be read is about nobody; `verify` is the one to tell of it. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}

async function verifyTrail(options: VerifyOptions, { env, out, err }: Io): Promise<void> {
  const { complete = false } = options
  const checkpoints = await readCheckpoints(options.checkpoints)
  const verifier = createVerifier({ checkpoints, complete })
  for await (const { text, place } of linesOf(options.file, env)) verifier.take(text, place)
  const verdict = verifier.end()
  for (const chain of verdict.chains) out(`${lineOf(chain)}\n`)
  for (const bad of verdict.bad) err(`${describe(bad)}\n`)
  err(`${summaryOf(verdict)}\n`)
  if (verdict.bad.length > 0) throw new CommandFailed('the trail has a fault')
}

/** In the words of the log, so that it can be kept as a checkpoint. */
function lineOf(chain: Verdict['chains'][number]): string {
  const { processId, seq, hash, time, first, entries, ended, bad } = chain
  const fault = bad === undefined ? {} : { fault: bad.fault, at: bad.at }
  return JSON.stringify({
    process: processId,
    sequence: seq,
    hash,
    time,
    first,
    entries,
    ended,
    ...fault,
  })
}

function describe({ fault, processId, seq, at: place }: BadEntry): string {
  if (processId === undefined) return `${fault}: ${place}`
  return `${fault}: entry ${seq} of process ${processId} (${place})`
}

function summaryOf({ chains, bad }: Verdict): string {
  const entries = chains.reduce((sum, chain) => sum + chain.entries, 0)
  const trimmed = chains.filter(({ first }) => first > 1).length
  const anchored = trimmed === 0 ? '' : `; ${trimmed} begin after entries that were trimmed`
  const faults = bad.length === 0 ? 'no fault' : `${bad.length} with a fault`
  return `processes: ${chains.length}, entries: ${entries}, ${faults}${anchored}`
}
