import type { BrowserStep } from './browser-flow.ts'
import type { ConnectSession } from './session-record.ts'

/** The way back to the portal's return URL, with what came of the session. */
export function backToPortal(
  session: ConnectSession,
  outcome: { readonly result_code: string } | { readonly error: string },
): BrowserStep {
  const url = new URL(session.returnUrl)
  url.searchParams.append('connect_session', session.id)
  for (const [name, value] of Object.entries(outcome)) url.searchParams.append(name, value)
  return { kind: 'portal', url: url.href, session }
}
