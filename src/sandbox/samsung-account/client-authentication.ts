import { timingSafeEqual } from 'node:crypto'
import type { Context } from '../context.ts'
import type { Incoming } from '../http/exchange.ts'
import { SaRefusal } from './errors.ts'
import { readField, readOnce } from './token-request.ts'

interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
}

/**
 * Checks the client's credentials: in the body, or with HTTP Basic where that is allowed, never
 * both (RFC 6749 §2.3).
 *
 * @returns The client id.
 * @throws SaRefusal
 */
export function authenticateClient(
  ctx: Context,
  incoming: Incoming,
  form: URLSearchParams,
): string {
  const header = incoming.header('authorization')
  const { clientId, clientSecret } =
    header === undefined ? fromBody(form) : fromHeader(ctx, header, form)
  if (!/^[\w.-]+$/.test(clientId)) throw new SaRefusal('AUT_1024')
  if (clientId !== ctx.registration.client.clientId) throw new SaRefusal('AUT_1785')
  const matches = sameText(clientSecret, ctx.registration.client.clientSecret)
  if (!matches || !ctx.state.settings.clientSecretAccepted) throw new SaRefusal('AUT_1702')
  return clientId
}

const fromBody = (form: URLSearchParams): Credentials => ({
  clientId: readField(form, 'client_id'),
  clientSecret: readOnce(form, 'client_secret', { empty: 'AUT_1002', length: 'AUT_1011' }),
})

function fromHeader(ctx: Context, header: string, form: URLSearchParams): Credentials {
  if (!ctx.state.settings.basicAuthentication) {
    throw new SaRefusal('AUT_1002', 'invalid_client', 'client_secret must be in the body')
  }
  if (form.has('client_secret')) {
    throw new SaRefusal('AUT_1011', 'invalid_request', 'client_secret is given twice')
  }
  const [scheme = '', encoded = ''] = header.split(' ')
  const [id, secret] = Buffer.from(encoded, 'base64').toString().split(':')
  if (scheme.toLowerCase() !== 'basic' || id === undefined || secret === undefined) {
    throw new SaRefusal('AUT_1002', 'invalid_client', 'the authorization header is not Basic')
  }
  return { clientId: formDecode(id), clientSecret: formDecode(secret) }
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
const formDecode = (text: string): string => new URLSearchParams(`v=${text}`).get('v') ?? ''

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
