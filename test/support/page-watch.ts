import type { BrowserContext, Page } from 'playwright-core'

/** One thing that a page tried and its policy did not permit. */
export interface Violation {
  readonly directive: string
  /** `inline`, `eval`, or the address that was not asked. */
  readonly blocked: string
}

/**
 * Collects what the policies of a context's pages forbid, as the pages themselves are told. Needs
 * scripts to be on; call before the first page opens.
 *
 * @see {@link https://www.w3.org/TR/CSP3/#violation-events | CSP3: securitypolicyviolation}
 */
export async function watchPolicy(context: BrowserContext): Promise<readonly Violation[]> {
  const violations: Violation[] = []
  await context.exposeBinding('reportViolation', (_source, violation: Violation) => {
    violations.push(violation)
  })
  // Run by the debugger, which the policy does not reach.
  await context.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    reportViolation({ directive: event.effectiveDirective, blocked: event.blockedURI }), true)`)
  return violations
}

/**
 * Changes the pages that answer at an address, and leaves their headers as they are: what somebody
 * could do who found a way into the page.
 */
export async function tamperWith(
  page: Page,
  url: string,
  change: (html: string) => string,
): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  devtools.on('Fetch.requestPaused', async ({ requestId, responseStatusCode, responseHeaders }) => {
    const { body, base64Encoded } = await devtools.send('Fetch.getResponseBody', { requestId })
    const html = Buffer.from(body, base64Encoded ? 'base64' : 'utf8').toString()
    await devtools.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: responseStatusCode ?? 200,
      responseHeaders: (responseHeaders ?? []).filter(
        ({ name }) => name.toLowerCase() !== 'content-length',
      ),
      body: Buffer.from(change(html)).toString('base64'),
    })
  })
  await devtools.send('Fetch.enable', {
    patterns: [{ urlPattern: url, requestStage: 'Response' }],
  })
}

/** Makes the page on the way stay, as it is for the moment in which somebody sees it. */
export const stayOnTheWay = (page: Page, connectUrl: string): Promise<void> =>
  tamperWith(page, connectUrl, (html) => html.replace(/<meta http-equiv="refresh"[^>]*>/, ''))
