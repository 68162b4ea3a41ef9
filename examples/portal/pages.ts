const safe = (text = '') => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** A customer, how their connection is, and a button for everything that can be done about it. */
export function card({ ref = '', name = '' }, status = 'not_connected', by = '') {
  const button = (action: string, label: string) =>
    `<button formaction="/customers/${safe(ref)}/${action}">${label}</button>`
  const isNew = status === 'not_connected'
  const connect = button('connect', `${isNew ? 'Connect' : 'Reconnect'} Samsung Knox`)
  const use = button('profiles', 'List profiles') + button('verify', 'Verify')
  return `<section><h2>${safe(name)}</h2>
  <p><b class="${safe(status)}">${safe(status.replaceAll('_', ' '))}</b> ${safe(by)}</p>
  <form method="post">${isNew || status === 'consent_required' ? connect : use}
  ${isNew ? '' : button('disconnect', 'Disconnect')}</form></section>`
}

/** How it went, and the way on for a customer who has to sign in again. */
export const notice = (tone: 'good' | 'calm' | 'bad', text: string, reconnectUrl = '') =>
  `<section class="${tone}" role="status"><p>${safe(text)}</p><p>
  ${reconnectUrl && `<a class="button" href="${safe(reconnectUrl)}">Reconnect Samsung Knox</a>`}
  <a href="/">All customers</a></p></section>`

export const page = (...parts: readonly string[]) => `<!doctype html><html lang="en">
  <meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
  <title>Acme Console</title><link rel="stylesheet" href="/portal.css">
  <h1>Acme Console</h1>${parts.join('')}</html>`
