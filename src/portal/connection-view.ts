import type { Breaker } from '../breaker/breaker.ts'
import type { Portal } from '../config/config.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { toRfc3339 } from '../shared/time.ts'
import type { Snapshot } from '../vault/connections.ts'
import type { Envelope } from '../vault/envelope.ts'
import { currentBinding, hasConsent, type LastError } from '../vault/record.ts'
import { consentExpiresAt, isRenewable, statusOf } from '../vault/status.ts'
import { openEmail } from '../vault/token-seal.ts'

/** A connection as the portal sees it. Never holds a secret. */
export type ConnectionView = Readonly<Record<string, unknown>>

export type ViewConnection = (portal: Portal, snapshot: Snapshot) => Promise<ConnectionView>

/** The portal's page that starts a normal connect session for an existing connection. */
export function reconnectUrlOf(
  portal: Pick<Portal, 'reconnectUrl'>,
  connectionId: string,
): string | undefined {
  if (portal.reconnectUrl === undefined) return undefined
  const url = new URL(portal.reconnectUrl)
  url.searchParams.append('connection_id', connectionId)
  return url.href
}

/** Creates the one place where a stored connection becomes JSON. */
export function createViewConnection(deps: {
  readonly envelope: Envelope
  readonly breaker: Pick<Breaker, 'alarm'>
  readonly clock: Clock
}): ViewConnection {
  const { envelope, breaker, clock } = deps

  return async function viewConnection(portal, { connection }) {
    const binding = currentBinding(connection)
    const { status, reason } = statusOf(connection, clock(), breaker.alarm(binding.program))
    const connectUrl =
      status === 'consent_required' ? reconnectUrlOf(portal, connection.id) : undefined
    return dropAbsent({
      id: connection.id,
      status,
      status_reason: reason,
      program: binding.program,
      kind: binding.kind,
      tenant_ref: connection.tenantRef,
      tenant_name: connection.tenantName,
      account: await accountOf(),
      managed_tenant_id: hasConsent(binding) ? undefined : binding.managedTenantId,
      renewable: isRenewable(connection),
      consent_expires_at: timeOf(consentExpiresAt(connection)),
      trust: binding.trust && (binding.trust.present ? 'present' : 'missing'),
      created_at: toRfc3339(connection.createdAt),
      updated_at: toRfc3339(connection.updatedAt),
      last_error: binding.lastError && viewError(binding.lastError),
      connect_url: connectUrl,
    })

    async function accountOf() {
      if (!hasConsent(binding) || binding.account === undefined) return null
      const dataKey = await envelope.open(connection.id, connection.dataKey)
      return dropAbsent({ id: binding.account.id, email: openEmail(dataKey, binding) })
    }
  }
}

const viewError = ({ at, code, owner, upstreamCode, errorId }: LastError) =>
  dropAbsent({
    at: toRfc3339(at),
    code,
    owner,
    upstream_code: upstreamCode,
    error_id: errorId,
  })

const timeOf = (at: EpochMs | undefined) => (at === undefined ? undefined : toRfc3339(at))

const dropAbsent = (object: Record<string, unknown>): ConnectionView =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
