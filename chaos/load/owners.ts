import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Heard } from './heard.ts'
import type { Tenant } from './truth.ts'

/** Whether a handed-out token was made for this tenant, and lives. */
export function isOwnLiveToken(sandbox: Sandbox, { family }: Tenant, answer: Heard): boolean {
  const signed = String(answer.body?.headers?.['x-knox-apitoken'] ?? '')
  const known = sandbox.state.kcsTokens.get(innerToken(signed))
  return known?.familyId === family && known.expiresAt > Date.now()
}

/** What AMS issued, inside what the service has signed. */
function innerToken(signed: string): string {
  try {
    const payload = Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString()
    return String(JSON.parse(payload).accessToken)
  } catch {
    return ''
  }
}
