import { validateHeaderName, validateHeaderValue } from 'node:http'
import { TARGETS } from '../record.ts'
import type {
  CodeAction,
  DelayAction,
  DripAction,
  Fault,
  FaultAction,
  SpoilAction,
  StatusAction,
} from './faults.ts'
import { ControlError, integer, object, oneOf, readAllFields, rule, text } from './rules.ts'

const KINDS = [
  'delay',
  'delay_after_effect',
  'status',
  'code',
  'reset',
  'reset_after_effect',
  'headers_only',
  'half_body',
  'malformed',
  'drip',
] as const satisfies readonly FaultAction['kind'][]

/**
 * Reads the body of `POST /__faults`; `times` is 1 when absent.
 *
 * @throws ControlError naming the field and the rule.
 */
export function parseFault(value: unknown): Fault {
  const fault = readAllFields<{ on: Fault['on']; times?: number; do: object }>(
    value,
    '',
    {
      on: oneOf(...TARGETS),
      times: integer(1, 1_000_000),
      do: rule<object>('an object with a kind', object),
    },
    ['times'],
  )
  return { on: fault.on, times: fault.times ?? 1, do: parseAction(fault.do) }
}

function parseAction(value: object): FaultAction {
  const given = 'kind' in value ? value.kind : undefined
  const kind = KINDS.find((known) => known === given)
  switch (kind) {
    case 'delay':
    case 'delay_after_effect':
      return readAllFields<DelayAction>(value, 'do', { kind: oneOf(kind), ms: integer(0, MAX_MS) })
    case 'drip':
      return readAllFields<DripAction>(value, 'do', { kind: oneOf(kind), ms: integer(1, MAX_MS) })
    case 'status':
      return readAllFields<StatusAction>(
        value,
        'do',
        { kind: oneOf(kind), status, body: rule('any JSON value', () => true), headers },
        ['body', 'headers'],
      )
    case 'code':
      return readAllFields<CodeAction>(value, 'do', {
        kind: oneOf(kind),
        code,
        message: text,
        status,
      })
    case 'reset':
    case 'reset_after_effect':
    case 'headers_only':
    case 'half_body':
    case 'malformed':
      return readAllFields<SpoilAction>(value, 'do', { kind: oneOf(kind) })
    case undefined:
      throw new ControlError(`do.kind must be one of ${KINDS.join(', ')}`)
  }
}

/** Ten minutes: longer than anything that waits for an answer. */
const MAX_MS = 600_000

const status = integer(200, 599)

const code = rule<number | string>(
  'a number or a text',
  (value) => typeof value === 'string' || Number.isSafeInteger(value),
)

const headers = rule<Readonly<Record<string, string>>>(
  'an object of header names and texts',
  (value) => object(value) && Object.entries(value).every(([name, given]) => isHeader(name, given)),
)

function isHeader(name: string, value: unknown): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, String(value))
    return typeof value === 'string'
  } catch {
    return false
  }
}
