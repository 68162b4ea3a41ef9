import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formPostPage } from '../../../src/sandbox/pages/form-post.ts'
import { html } from '../../../src/sandbox/pages/html.ts'
import { messagePage } from '../../../src/sandbox/pages/message.ts'
import { signInPage } from '../../../src/sandbox/pages/sign-in.ts'
import { startSandbox } from './support/sandbox.ts'

const PAGES = [
  ['sign-in', signInPage('/x', { state: 's' })],
  ['form', formPostPage('https://gate.example/callback', { state: 's' })],
  ['message', messagePage(400, 'Title', 'Message.')],
] as const

describe('every page', () => {
  it.each(PAGES)('%s says that it is not Samsung', (_name, { body }) => {
    expect(body).toContain('<header class="label">Sandbox — not Samsung</header>')
    expect(body).toMatch(/<title>[^<]+ · Sandbox — not Samsung<\/title>/)
  })

  it.each(PAGES)('%s loads nothing from elsewhere and may load nothing', (_name, page) => {
    expect(page.body).not.toMatch(/(src|href)="(?!data:)/)
    expect(page.headers['Content-Security-Policy']).toMatch(/^default-src 'none'; /)
  })

  it.each(PAGES)('%s has a policy that permits exactly its own style and script', (_name, page) => {
    const inline = [...page.body.matchAll(/<(?:style|script)>([\s\S]*?)<\/(?:style|script)>/g)]
    const hashes = inline.map(
      ([, source = '']) => `'sha256-${createHash('sha256').update(source).digest('base64')}'`,
    )

    expect(page.headers['Content-Security-Policy']?.match(/'sha256-[^']+'/g)).toEqual(hashes)
  })

  it.each(PAGES)('%s does not forbid forms to lead to a portal', (_name, { headers }) => {
    expect(headers['Content-Security-Policy']).not.toContain('form-action')
  })
})

describe('html', () => {
  it('lets no text become markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const inside = html`<p title="${text}">${text}</p>`.html.slice(10, -4)

        expect(inside.replace('">', '')).not.toMatch(/[<>"']/)
      }),
    )
  })

  it('keeps markup as it is, also in lists', () => {
    const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`)

    expect(html`<ul>${items}</ul>`.html).toBe('<ul><li>a</li>\n<li>&lt;b&gt;</li></ul>')
  })
})

describe('the front page', () => {
  it('names the addresses and the administrators', async () => {
    const sandbox = await startSandbox()

    const res = await fetch(sandbox.localUrl)

    const page = await res.text()
    expect(res.status).toBe(200)
    expect(page).toContain(`${sandbox.url}/auth/oauth2/token`)
    expect(page).toContain('Ada Lindqvist')
    expect(page).toContain('Ben Okafor')
  })
})
