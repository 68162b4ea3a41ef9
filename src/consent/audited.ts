import type { Audit } from '../audit/audit.ts'
import type { Actor } from '../shared/actor.ts'
import type { ConnectSession } from './session-record.ts'

/** Whoever sits at a browser: nobody has proven who that is. */
const CUSTOMER: Actor = { kind: 'customer' }

/** `cs_` and 60 of the 160 random bits: enough to find a session by, not enough to open it. */
const SHOWN = 15

/** What an event of the audit trail says of its session. */
export const aboutSession = ({ id, portalId, program, reconnects }: ConnectSession) => ({
  sessionId: id.slice(0, SHOWN),
  portalId,
  programId: program,
  connectionId: reconnects,
})

/** The same for what a browser did. */
export const byCustomer = (session: ConnectSession) => ({
  ...aboutSession(session),
  actor: CUSTOMER,
})

/** Anybody can ask for any page: repeats are counted. */
export function noteRefusal(
  audit: Pick<Audit, 'tally'>,
  outcome: string,
  session: ConnectSession | undefined,
): void {
  const about = session === undefined ? { actor: CUSTOMER } : byCustomer(session)
  const event = { event: 'browser_refused', outcome, ...about } as const
  audit.tally('refusal', `browser_refused ${outcome} ${session?.id}`, () => event)
}
