import type { Call } from '../../scripts/stack/portal-client.ts'

/** What a portal was told when it asked for a token. */
export interface Told {
  /** 0 when no answer came. */
  readonly status: number
  /** The problem's `code`, when it is one. */
  readonly code?: string
  /** The credential of a 200. */
  readonly token?: string
  readonly expiresAt?: number
  readonly receivedAt: number
}

/** A portal's question; it never rejects. */
export type Asking = Promise<Told>

/** Asks for a token of a connection. */
export async function askForToken(call: Call, connectionId: string): Asking {
  try {
    const { status, body } = await call('POST', `/v1/connections/${connectionId}/token`)
    const receivedAt = Date.now()
    if (status !== 200) return { status, code: String(body?.code), receivedAt }
    const token = String(body.headers['x-knox-apitoken'])
    return { status, token, expiresAt: Date.parse(body.expires_at), receivedAt }
  } catch {
    return { status: 0, receivedAt: Date.now() }
  }
}

/** Whether this is how things stay: a token, or a customer who has to be asked. */
export const isFinal = ({ status, code }: Told): boolean =>
  status === 200 || code === 'consent_required'
