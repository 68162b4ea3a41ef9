import type { Reply } from '../http/exchange.ts'
import { html } from './html.ts'
import { page } from './layout.ts'

/** A page that says what happened; used where a redirect could lead to the wrong place. */
export const messagePage = (status: number, title: string, message: string): Reply =>
  page(status, title, html`<p>${message}</p>`)
