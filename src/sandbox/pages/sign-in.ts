import { ACCOUNTS, type Account, ORGANISATIONS } from '../accounts.ts'
import type { Reply } from '../http/exchange.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'

/**
 * The sign-in and consent page: one form, one pair of buttons per administrator, no script.
 *
 * @param fields - The parameters of the authorization request, sent along with the decision.
 * @param scope - What is asked for, where the protocol says so.
 */
export function signInPage(
  action: string,
  fields: Readonly<Record<string, string>>,
  scope?: string,
): Reply {
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return page(
    200,
    'Sign in with a Samsung account',
    html`<p>A portal asks to use Knox for your organisation. Choose who you are, and decide.</p>
${scope === undefined ? '' : html`<p>Scopes: <code>${scope}</code></p>`}
<form method="post" action="${action}">
${hidden}
<div class="cards">
${Object.values(ACCOUNTS).map(card)}
</div>
</form>
<p>No password: these two people exist in this sandbox only.</p>`,
  )
}

function card(account: Account): Html {
  const organisation = ORGANISATIONS[account.organisation].name
  return html`<section class="card" aria-labelledby="${account.id}">
<h2 id="${account.id}">${account.name}</h2>
<p class="who">Administrator of ${organisation}</p>
<p class="who">${account.email}</p>
<div class="actions">
<button name="allow" value="${account.id}" aria-describedby="${account.id}">Allow</button>
<button name="deny" value="${account.id}" aria-describedby="${account.id}"
 class="deny">Deny</button>
</div>
</section>`
}
