import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { PAGE_MESSAGES, type PageCause } from '../../../src/http/page-messages.ts'
import { type ConfirmModel, createPages } from '../../../src/http/pages.ts'

const viewsDir = join(import.meta.dirname, '../../../views')
const pages = createPages({ viewsDir })
const CAUSES = Object.keys(PAGE_MESSAGES) as PageCause[]

const supportId = '4bf9-2f35-77b3'
const confirmModel: ConfirmModel = {
  supportId,
  portalName: 'Acme Console',
  tenantName: 'Northwind Traders',
  region: 'eu',
  abilities: ['See devices', 'Assign profiles'],
  partnerId: '1234567890',
  action: '/connect/cs_1',
  csrfToken: 'token-1',
}
const returnUrl = 'https://console.acme.example/knox?a=1&b=2'
const location = 'https://account.samsung.example/signInGate?state=x&client_id=y'

/** Every page, with one text in every place where text from outside can stand. */
const renderAll = (text: string): readonly string[] => [
  pages.confirm({
    ...confirmModel,
    portalName: text,
    tenantName: text,
    region: text,
    abilities: [text],
    partnerId: text,
    action: text,
    csrfToken: text,
    accountChange: true,
  }),
  pages.onTheWay({ supportId: text, destination: text, location: `https://a.example/${text}` }),
  pages.connected({ supportId: text, portalName: text, tenantName: text, partnerId: text }),
  pages.error({ cause: 'used', supportId: text, portalName: text, tenantName: text, returnUrl }),
]

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0

describe('every page', () => {
  it('escapes whatever text it is given', () => {
    const plain = renderAll('x')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const rendered = renderAll(text)

        for (const [i, html] of rendered.entries()) {
          for (const special of [/</g, />/g, /"/g, /'/g]) {
            expect(count(html, special)).toBe(count(plain[i] ?? '', special))
          }
          expect(html.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toMatch(/&/)
        }
      }),
    )
  })

  it.each([
    ['confirm', pages.confirm(confirmModel)],
    ['onTheWay', pages.onTheWay({ supportId, location })],
    ['connected', pages.connected(confirmModel)],
    ...CAUSES.map((cause) => [cause, pages.error({ cause, supportId })] as const),
  ])('%s has a language, a title, one main heading and the support id', (_name, html) => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(html).toMatch(/<title>[^<]+ · knoxgate<\/title>/)
    expect(count(html, /<h1>/g)).toBe(1)
    expect(html).toContain(`<code>${supportId}</code>`)
    expect(html).not.toMatch(/undefined|<script|<style|style=|\son[a-z]+=/)
  })

  it('loads nothing from elsewhere', () => {
    const sources = renderAll('x').flatMap((html) => html.match(/(?:src|<link[^>]+href)="[^"]*"/g))

    for (const source of sources)
      expect(source).toMatch(/"\/assets\/[a-z.]+(?:\?v=[0-9a-f]{16})?"$/)
  })

  it('refuses to be rendered without something it needs', () => {
    // A model that TypeScript would not let through.
    const broken = { ...confirmModel, csrfToken: undefined } as unknown as ConfirmModel

    expect(() => pages.confirm(broken)).toThrow('a page variable is missing')
  })

  it.each(['javascript:alert(1)', '//evil.example', '/relative', ' https://a.example', ''])(
    'refuses to make a link of %j',
    (url) => {
      expect(() => pages.denied({ supportId, returnUrl: url })).toThrow(TypeError)
      expect(() => pages.connected({ ...confirmModel, returnUrl: url })).toThrow(TypeError)
      expect(() => pages.onTheWay({ supportId, location: url })).toThrow(TypeError)
    },
  )

  it('has raw output in its templates for the page body and nothing else', () => {
    const raw = readdirSync(viewsDir)
      .filter((name) => name.endsWith('.eta'))
      .flatMap((name) => readFileSync(join(viewsDir, name), 'utf8').match(/<%~.*?%>/g) ?? [])

    expect(raw).toEqual(['<%~ it.body %>'])
  })
})

describe('confirm', () => {
  const html = pages.confirm(confirmModel)

  it('has one form that posts the token, continue first, then cancel', () => {
    expect(count(html, /<form/g)).toBe(1)
    expect(html).toContain('<form method="post" action="/connect/cs_1">')
    expect(html).toContain('<input type="hidden" name="csrf_token" value="token-1">')
    expect(html.match(/<button.*?<\/button>/g)).toEqual([
      '<button class="primary" name="action" value="continue">Continue to Samsung</button>',
      '<button name="action" value="cancel">Cancel</button>',
    ])
  })

  it('says who asks, for whom, where, and what becomes possible', () => {
    for (const text of ['Acme Console', 'Northwind Traders', 'Europe', '1234567890']) {
      expect(html).toContain(text)
    }
    expect(html).toContain('<li>See devices</li>')
  })

  it('speaks of the account change only when it is allowed', () => {
    expect(html).not.toContain('may change')
    expect(pages.confirm({ ...confirmModel, accountChange: true })).toContain('may change')
  })

  it('does without organisation and partner ID', () => {
    const bare = pages.confirm({ ...confirmModel, tenantName: undefined, partnerId: undefined })

    expect(bare).toContain('your organisation')
    expect(bare).not.toContain('partner ID')
  })

  it('names a region it does not know as it is configured', () => {
    expect(pages.confirm({ ...confirmModel, region: 'kr' })).toContain('<dd>KR</dd>')
    expect(pages.confirm({ ...confirmModel, region: 'valueOf' })).toContain('<dd>VALUEOF</dd>')
  })
})

describe('onTheWay', () => {
  const escaped = location.replace('&', '&amp;')

  it('moves on by itself and by a link, to the same place', () => {
    const html = pages.onTheWay({ supportId, location })

    expect(html).toContain(`<meta http-equiv="refresh" content="0;url=${escaped}">`)
    expect(html).toContain(`href="${escaped}">Continue to <bdi>Samsung</bdi></a>`)
  })

  it('is the only page that moves on', () => {
    const others = [pages.confirm(confirmModel), pages.denied({ supportId, returnUrl })]

    for (const html of others) expect(html).not.toContain('http-equiv')
  })
})

describe('pages that end an attempt', () => {
  it.each(CAUSES)('%s says what happened and what to do next', (cause) => {
    const { heading, cause: why, nextStep } = PAGE_MESSAGES[cause]

    const html = pages.error({ cause, supportId })

    expect(html).toContain(`<h1>${heading}</h1>`)
    expect(html).toContain(why)
    expect(html).toContain(nextStep)
  })

  it.each([
    ['denied', 'denied'],
    ['expired', 'expired'],
    ['wrongBrowser', 'wrong_browser'],
    ['alreadyUsed', 'used'],
  ] as const)('%s is the page of %s', (method, cause) => {
    const model = { supportId, portalName: 'Acme', returnUrl }

    expect(pages[method](model)).toBe(pages.error({ ...model, cause }))
  })

  it('leads back to the portal where the way is known', () => {
    const html = pages.expired({ supportId, portalName: 'Acme', returnUrl })

    expect(html).toContain(`href="${returnUrl.replace('&', '&amp;')}">Back to <bdi>Acme</bdi></a>`)
    expect(pages.expired({ supportId })).not.toContain('Back to')
  })
})
