import { ACCOUNTS, ORGANISATIONS } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Reply } from '../http/exchange.ts'
import { endpointUrls } from '../urls.ts'
import { html } from './html.ts'
import { page } from './layout.ts'

/** The front page: what is here, who can sign in, and how to sign out. */
export function homePage(ctx: Context): Reply {
  const urls = endpointUrls(ctx)
  const { clientId } = ctx.registration.client
  const people = Object.values(ACCOUNTS).map(
    ({ name, email, organisation }) =>
      html`<dt>${name}</dt><dd>${email}, ${ORGANISATIONS[organisation].name}</dd>`,
  )
  const places = Object.entries(urls).map(
    ([name, url]) => html`<dt>${name}</dt><dd><code>${url}</code></dd>`,
  )
  return page(
    200,
    'Samsung Account and Knox, imitated',
    html`<p>For portal developers and tests. Nothing here reaches Samsung.</p>
<h2>Where things are</h2>
<dl>${places}</dl>
<h2>Who can sign in</h2>
<dl>${people}</dl>
<p><a href="${urls.signOutGate}?client_id=${clientId}&amp;state=home">Sign out</a></p>`,
  )
}
