import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** WCAG 2.2 AA with all that it grew out of, and what axe holds to be good besides. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds wrong on a page as it is now: the rule, and the places that break it. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  // By the debugger: the page's policy permits no script, and stays as it is.
  await page.evaluate(axe.source)
  const findings: readonly axe.Result[] = await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(TAGS)}, resultTypes: ['violations'] })
      .then(({ violations }) => violations)`,
  )
  return findings.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html} ${failureSummary ?? ''}`),
  )
}
