import { isDeepStrictEqual } from 'node:util'
import type { Page } from '../stack/http-browser.ts'

/** A step that came out otherwise than it should. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected'
  readonly expected: string
  readonly got: string

  constructor(what: string, expected: string, got: string) {
    super(what)
    this.expected = expected
    this.got = got
  }
}

/** @throws Unexpected when the two are not deeply equal. */
export function expectEqual(what: string, got: unknown, expected: unknown): void {
  if (isDeepStrictEqual(got, expected)) return
  throw new Unexpected(
    what,
    JSON.stringify(expected) ?? 'nothing',
    JSON.stringify(got) ?? 'nothing',
  )
}

/** @throws Unexpected when the page has another status, or lacks one of the texts. */
export function expectPage(page: Page, status: number, ...texts: readonly string[]): void {
  const shown = textOf(page)
  const missing = texts.find((text) => !shown.includes(text))
  if (page.status === status && missing === undefined) return
  const { origin, pathname } = new URL(page.url)
  const expected = `${status}${missing === undefined ? '' : ` with “${missing}”`}`
  throw new Unexpected(`the page ${origin}${pathname}`, expected, `${page.status} “${shown}”`)
}

/** What somebody reads on a page, in one line. */
export const textOf = ({ html }: Page): string =>
  html
    .replace(/<(style|title)\b[^>]*>.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_entity, code) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, ' ')
    .trim()
