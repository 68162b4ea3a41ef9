import { Secret } from '../shared/secret.ts'
import { readCallbackFields } from './callback-fields.ts'

/** The errors of RFC 6749 §4.1.2.1. */
const ERRORS = [
  'invalid_request',
  'unauthorized_client',
  'access_denied',
  'unsupported_response_type',
  'invalid_scope',
  'server_error',
  'temporarily_unavailable',
] as const
/** Why no code came; anything else that Samsung may say becomes `server_error`. */
type AuthorizationError = (typeof ERRORS)[number]

/** What Samsung sent the browser back with. The hosts it may name are never part of it. */
export type CallbackResult =
  | {
      readonly kind: 'code'
      readonly code: Secret
      readonly state: string
      readonly codeExpiresInSeconds?: number
    }
  | {
      readonly kind: 'denied'
      /** Absent when the page was closed and said no more than that: then no session is touched. */
      readonly state?: string
      readonly error: AuthorizationError
    }
  | {
      readonly kind: 'invalid'
      /** Names the parameter and the rule, never a value. */
      readonly rule: string
      /** Present when it alone was in order: enough to find the session, and to prove nothing. */
      readonly state?: string
    }

const MAX_CODE_CHARACTERS = 4096
const MAX_STATE_CHARACTERS = 256
/** RFC 6749 appendix A.5, A.11: `VSCHAR`. */
const VSCHAR = /^[\x20-\x7e]+$/

/**
 * Reads the parameters of a callback, query or form, in every shape of protocol.md 2.3: `code` plain,
 * or JSON inside `code`, with `state` outside or inside.
 *
 * Unknown parameters are ignored. Pure: `state` is not proven here.
 */
export function readCallback(parameters: URLSearchParams): CallbackResult {
  const read = readCallbackFields(parameters)
  if ('rule' in read) return { kind: 'invalid', rule: read.rule }
  const { fields } = read
  const state = fields.get('state')
  const error = readError(fields)
  if (state === undefined)
    return error === null
      ? { kind: 'invalid', rule: 'state is missing' }
      : { kind: 'denied', error }
  if (state.length > MAX_STATE_CHARACTERS || !VSCHAR.test(state)) {
    return { kind: 'invalid', rule: 'state must be 1 to 256 visible ASCII characters' }
  }
  if (error !== null) return { kind: 'denied', state, error }
  return readCode(fields, state)
}

type Fields = ReadonlyMap<string, string>

function readCode(fields: Fields, state: string): CallbackResult {
  const code = fields.get('code')
  if (code === undefined) return { kind: 'invalid', rule: 'code is missing', state }
  if (code.length > MAX_CODE_CHARACTERS || !VSCHAR.test(code)) {
    return { kind: 'invalid', rule: 'code must be 1 to 4096 visible ASCII characters', state }
  }
  const seconds = Number(/^\d{1,5}$/.exec(fields.get('code_expires_in') ?? '')?.[0] ?? 0)
  return {
    kind: 'code',
    code: new Secret(code),
    state,
    ...(seconds > 0 ? { codeExpiresInSeconds: seconds } : {}),
  }
}

/** An `error`, a sign-in that failed, or a page that was closed: each without a code to spend. */
function readError(fields: Fields): AuthorizationError | null {
  const error = fields.get('error')
  if (error !== undefined) return ERRORS.find((known) => known === error) ?? 'server_error'
  const closedAction = fields.get('closedAction') ?? 'signInSuccess'
  if (closedAction !== 'signInSuccess') return 'access_denied'
  return fields.get('close') === 'true' && !fields.has('code') ? 'access_denied' : null
}
