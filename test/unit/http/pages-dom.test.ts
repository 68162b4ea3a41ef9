import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createPages } from '../../../src/http/pages.ts'
import { executables, type ParsedPage, parsePage } from '../../support/parsed-page.ts'

const pages = createPages({ viewsDir: join(import.meta.dirname, '../../../views') })

/** Stands where the text will be. Neither has a case, and no template has one of them. */
const TEXT = '§§'
const SHOUTED = '¤¤'

/** Every page, with one text in every place where text from outside can stand. */
const RENDERERS = {
  confirm: (text: string, region = `zz-${text}`) =>
    pages.confirm({
      supportId: text,
      portalName: text,
      tenantName: text,
      region,
      abilities: [text, `${text} and ${text}`],
      partnerId: text,
      action: text,
      csrfToken: text,
      accountChange: true,
    }),
  onTheWay: (text: string) =>
    pages.onTheWay({ supportId: text, destination: text, location: `https://a.example/${text}` }),
  connected: (text: string) =>
    pages.connected({
      supportId: text,
      portalName: text,
      tenantName: text,
      partnerId: text,
      returnUrl: `https://a.example/?q=${text}`,
    }),
  error: (text: string) =>
    pages.error({
      cause: 'used',
      supportId: text,
      portalName: text,
      tenantName: text,
      returnUrl: `https://a.example/?q=${text}`,
    }),
} as const

/** What a parser makes of text: line ends are one thing, and a NUL is replaced or left out. */
const normalised = (text: string, isReplaced: boolean): string =>
  text.replace(/\r\n?/g, '\n').replaceAll('\0', isReplaced ? '\ufffd' : '')

function withText(page: ParsedPage, text: string): ParsedPage {
  const put = (place: string, isReplaced: boolean) =>
    normalised(
      place.replaceAll(TEXT, () => text).replaceAll(SHOUTED, () => text.toUpperCase()),
      isReplaced,
    )
  return {
    elements: page.elements.map(({ attributes, ...element }) => ({
      ...element,
      attributes: attributes.map(([name, value]) => [name, put(value, true)] as const),
    })),
    texts: page.texts
      .map(([path, value]) => [path, put(value, path.endsWith(':title'))] as const)
      .filter(([, value]) => value !== ''),
  }
}

const MARKUP = [
  '<script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</bdi></main></body><base href=//evil.example>',
  '<!--',
  ']]>',
  '&lt;b&gt; &amp;amp; &#60;',
  '<%= 1 + 1 %><%~ it.csrfToken %>',
  '{{1}}#{1}',
  '\u202e\u2028\u2029\0\r\n\t',
] as const
const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom(...MARKUP),
  fc.tuple(fc.string(), fc.constantFrom(...MARKUP), fc.string()).map((parts) => parts.join('')),
)

describe.each(Object.keys(RENDERERS) as (keyof typeof RENDERERS)[])('the page %s', (name) => {
  const plain = parsePage(
    name === 'confirm' ? RENDERERS.confirm(TEXT, `zz-${SHOUTED}`) : RENDERERS[name](TEXT),
  )

  it('has the same tree whatever text it is given, and the text in it as text', () => {
    expect(JSON.stringify(plain)).toContain(TEXT)
    fc.assert(
      fc.property(text, (given) => {
        const wellFormed = given.toWellFormed()
        fc.pre(!wellFormed.includes('§') && !wellFormed.includes('¤'))
        const page = parsePage(RENDERERS[name](given))

        expect(page).toEqual(withText(plain, wellFormed))
      }),
      { numRuns: 300 },
    )
  })

  it.each(MARKUP)('holds nothing that runs when it is given %j', (given) => {
    const page = parsePage(RENDERERS[name](given))

    expect(executables(page, name === 'confirm' ? ['form'] : [])).toEqual([])
  })
})
