import type { Reply } from '../http/exchange.ts'
import { html } from './html.ts'
import { page } from './layout.ts'

/** Sends the browser back with a form POST: by itself where scripts run, else by a button. */
export function formPostPage(action: string, fields: Readonly<Record<string, string>>): Reply {
  return page(
    200,
    'Going back to the portal',
    html`<p>If nothing happens, press the button.</p>
<form method="post" action="${action}">
${Object.entries(fields).map(
  ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
)}
<div class="actions"><button>Continue</button></div>
</form>`,
    'document.forms[0].submit()',
  )
}
