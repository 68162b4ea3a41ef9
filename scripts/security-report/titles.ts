import type { Proof } from './rows.ts'

/** `it('…'`, `test.skip("…"`, `it.each(rows)(`…`` and the same of `describe`, however they are broken. */
const FIRST_ARGUMENT =
  /(?:\b(?:describe|it|test)(?:\.\w+)?|\))\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)\s*,/g

/** The titles of a test file as they stand in its source, groups among them. */
export function titlesIn(source: string): ReadonlySet<string> {
  const found = source.matchAll(FIRST_ARGUMENT)
  return new Set(
    Array.from(found, ([, single, double, template]) =>
      (single ?? double ?? template ?? '').replace(/\\(.)/g, '$1'),
    ),
  )
}

/** What `it.each` and template literals fill in. `%%` is a percent sign. */
const PLACEHOLDER = /(%[sdifjopOc#$]|\$\{[^}]*\}|\$(?:#|[A-Za-z_][\w.]*))/

/**
 * Matches what a title of the source may have become in a run: every letter outside of its
 * placeholders has to be there, and nothing before or after.
 */
export function patternOf(title: string): RegExp {
  const parts = title
    .split(PLACEHOLDER)
    .map((part, at) =>
      at % 2 === 1
        ? '[\\s\\S]*'
        : part.replaceAll('%%', '%').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
    )
  return new RegExp(`^${parts.join('')}$`)
}

/** Whether a title says anything of its own. `%s` alone fits every test of its file. */
export const isTelling = ({ title, group }: Proof): boolean =>
  [title, group ?? ''].some((text) => text.split(PLACEHOLDER).some((part, at) => isWord(part, at)))

const isWord = (part: string, at: number): boolean => at % 2 === 0 && /\w{2}/.test(part)
