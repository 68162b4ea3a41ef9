import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CUSTOMER } from './browser-walk.ts'
import type { Demo } from './start.ts'

const { id: administrator, organisation } = CUSTOMER.administrator

/** What to click and to try while everything stays up. */
export function stayingText(demo: Demo): string {
  const { portal, sandbox, stack, publicUrl } = demo
  const control = (body: object) =>
    `curl -H content-type:application/json ${sandbox.url}/__control -d '${JSON.stringify(body)}'`
  return `
Everything stays up. Ctrl-C stops it, and nothing is kept.

Open in a browser
  ${portal.url.padEnd(24)} the example portal, examples/portal
  ${sandbox.url.padEnd(24)} the sandbox: what it imitates, and who can sign in there

Let Samsung say no, then press the portal's buttons
  ${control({ expireAccessTokens: true, expireKcsTokens: true })}
  ${control({ trust: { [organisation]: false } })}
  ${control({ revokeConsent: administrator })}

Call the API (the key is good for this demo and its store in memory, and ends with them)
  export KNOXGATE_API_KEY=${stack.apiKey()}
  curl -H "Authorization: Bearer $KNOXGATE_API_KEY" ${publicUrl}/v1/connections

See what the operator sees
  curl -H "Authorization: Bearer $(cat ${writeAdminToken(demo)})" '${adminUrl(demo)}/readyz?verbose'
`
}

const adminUrl = ({ stack }: Demo): string => stack.services[0]?.adminUrl ?? ''

/** The admin token is not for screens: a file for its owner, which goes when the demo stops. */
function writeAdminToken({ stack }: Demo): string {
  const path = join(String(stack.env.CONFIG_DIR), 'admin-token')
  writeFileSync(path, stack.adminToken, { mode: 0o600 })
  return path
}
