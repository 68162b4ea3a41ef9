import { createHash } from 'node:crypto'
import type { Reply } from '../http/exchange.ts'
import type { Html } from './html.ts'
import { html } from './html.ts'
import { STYLE } from './style.ts'

const hash = (source: string): string =>
  `'sha256-${createHash('sha256').update(source).digest('base64')}'`

const policy = (script: string | undefined): string =>
  [
    "default-src 'none'",
    `style-src ${hash(STYLE)}`,
    'img-src data:',
    ...(script === undefined ? [] : [`script-src ${hash(script)}`]),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/**
 * Makes a page of the sandbox, labelled so that nobody takes it for Samsung's.
 *
 * The policy has no `form-action`: it would be held against the redirect chain that a form starts,
 * and Samsung's own pages must be able to lead back to any portal.
 *
 * @param script - Runs on load; the page must do without it.
 */
export function page(status: number, title: string, content: Html, script?: string): Reply {
  const code: Html = { html: script === undefined ? '' : `<script>${script}</script>` }
  const style: Html = { html: `<style>${STYLE}</style>` }
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy(script),
      'Referrer-Policy': 'strict-origin-when-cross-origin',
      'X-Content-Type-Options': 'nosniff',
    },
    body: html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sandbox — not Samsung</title>
<link rel="icon" href="data:,">
${style}
</head>
<body>
<header class="label">Sandbox — not Samsung</header>
<main>
<h1>${title}</h1>
${content}
</main>
${code}
</body>
</html>
`.html,
  }
}
