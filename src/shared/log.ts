import { type DestinationStream, pino } from 'pino'
import { ServiceError } from './errors.ts'

/** The fields an event may carry. Anything not named here cannot be logged. */
const FIELDS = [
  'traceId',
  'portalId',
  'apiKeyId',
  'role',
  'programId',
  'connectionId',
  'sessionId',
  'method',
  'route',
  'status',
  'durationMs',
  'code',
  'reason',
  'kids',
  'outcome',
  'operation',
  'attempt',
  'generation',
  'fingerprint',
  'process',
  'sequence',
  'hash',
  'count',
  'skewMs',
  'listener',
  'url',
  'host',
  'signal',
  'version',
  'warnings',
  'upstreamStatus',
  'upstreamCode',
  'errorId',
] as const

type Field = (typeof FIELDS)[number]

/** Fields of one event; `error` is reduced to its type, code and stack frames. */
export type LogFields = {
  readonly [name in Field]?: string | number | readonly string[] | undefined
} & { readonly error?: unknown }

/** Writes one JSON line per event: a name in snake case and allow-listed fields, never a sentence. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/**
 * Reduces a thrown value to what is safe to print: its type, our code, and stack frames.
 *
 * The message of a foreign error is dropped, because libraries quote their input in it.
 */
function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof ServiceError) return { type: error.name, code: error.code }
  if (!(error instanceof Error)) return { type: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return {
    type: error.name,
    ...(code !== undefined && /^[\w.-]{1,40}$/.test(code) ? { code } : {}),
    frames: framesOf(error),
  }
}

/** What follows the message in the stack: a message of several lines can look like frames itself. */
function framesOf({ stack = '', message }: Error): readonly string[] {
  const start = stack.indexOf(message)
  if (start === -1) return []
  const lines = stack.slice(start + message.length).split('\n')
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .map((line) => line.trim())
}

function allowed(fields: LogFields = {}): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const name of FIELDS) if (fields[name] !== undefined) out[name] = fields[name]
  if (fields.error !== undefined) out.error = describeError(fields.error)
  return out
}

/**
 * Creates the log.
 *
 * @param level - `debug`, `info`, `warn`, `error` or `silent`.
 * @param destination - Where lines go; standard output when absent.
 */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: { service: 'knoxgate' },
    messageKey: 'event',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const sink = destination === undefined ? pino(options) : pino(options, destination)
  return {
    // Told for every token handed out: where it is off, not even the fields are looked at.
    debug: sink.isLevelEnabled('debug')
      ? (event, fields) => sink.debug(allowed(fields), event)
      : () => {},
    info: (event, fields) => sink.info(allowed(fields), event),
    warn: (event, fields) => sink.warn(allowed(fields), event),
    error: (event, fields) => sink.error(allowed(fields), event),
  }
}
