import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const css = readFileSync(join(import.meta.dirname, '../../../views/style.css'), 'utf8')

/** Colours of a theme, by the name of their variable. */
function themeOf(block: string | undefined): Readonly<Record<string, string>> {
  const pairs = [...(block ?? '').matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)]
  return Object.fromEntries(pairs.map(([, name = '', colour = '']) => [name, colour]))
}

const [, light, dark] = css.split(':root {').map((part) => part.split('}')[0])
const themes = { light: themeOf(light), dark: themeOf(dark) }

/** Relative luminance, WCAG 2.2. */
function luminance(colour = ''): number {
  const channels = [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16) / 255)
  const [r = 0, g = 0, b = 0] = channels.map((c) =>
    c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string | undefined, b: string | undefined): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

describe.each(['light', 'dark'] as const)('the %s theme', (name) => {
  const theme = themes[name]

  it.each([
    ['text', 'card', 7],
    ['quiet', 'card', 4.5],
    ['quiet', 'page', 4.5],
    ['text', 'page', 7],
    ['text', 'notice-soft', 7],
    ['accent', 'card', 4.5],
    ['on-accent', 'accent', 4.5],
    ['on-accent', 'accent-strong', 4.5],
    ['edge', 'card', 3],
    ['good', 'card', 3],
    ['notice', 'card', 3],
    ['problem', 'card', 3],
  ])('shows %s on %s with a contrast of at least %d', (front, back, ratio) => {
    expect(theme[front]).toBeDefined()
    expect(contrast(theme[front], theme[back])).toBeGreaterThanOrEqual(ratio)
  })
})

it('loads nothing', () => {
  expect(css).not.toMatch(/url\(|@import|@font-face/)
})
