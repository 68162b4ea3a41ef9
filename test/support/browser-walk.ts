import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Answer } from '../../scripts/stack/portal-client.ts'
import { PAGE_MESSAGES, type PageCause } from '../../src/http/page-messages.ts'
import { type BrowserStack, HOSTS, type NewSession, RETURN_URL } from './browser-stack.ts'

export const CONTINUE = 'Continue to Samsung'

/** Opens the session's link and presses Continue; ends on Samsung's page. */
export async function goToSamsung(page: Page, { connectUrl }: NewSession): Promise<void> {
  await page.goto(connectUrl)
  await page.getByRole('button', { name: CONTINUE }).click()
  await page.waitForURL(`https://${HOSTS.samsung}/**/signInGate?**`)
}

/** Presses one of Samsung's buttons. */
export const decide = (
  page: Page,
  decision: 'allow' | 'deny',
  administrator = 'ada',
): Promise<void> => page.locator(`button[name=${decision}][value=${administrator}]`).click()

/** Waits until the browser is back at the portal; what it brought along. */
export async function landing(page: Page): Promise<URLSearchParams> {
  await page.waitForURL(`${RETURN_URL}?**`)
  return new URL(page.url()).searchParams
}

/** Walks from the link to the portal, saying yes at Samsung; the result code. */
export async function consent(
  page: Page,
  session: NewSession,
  administrator?: string,
): Promise<string> {
  await goToSamsung(page, session)
  await decide(page, 'allow', administrator)
  return resultCode(await landing(page), session)
}

/** The result code of a landing that belongs to the session. */
export function resultCode(landed: URLSearchParams, session: NewSession): string {
  assert.deepEqual([...landed.keys()], ['connect_session', 'result_code'])
  assert.equal(landed.get('connect_session'), session.id)
  return landed.get('result_code') ?? ''
}

/** Completes as the portal's backend. */
export const complete = (
  { call }: BrowserStack,
  { id, verifier }: NewSession,
  code: string,
): Promise<Answer> =>
  call('POST', `/v1/connect-sessions/${id}/complete`, {
    result_code: code,
    code_verifier: verifier,
  })

/** What the portal is told about the session. */
export const statusOf = async ({ call }: BrowserStack, { id }: NewSession): Promise<string> =>
  (await call('GET', `/v1/connect-sessions/${id}`)).body.status

/** Waits for the page of a cause, and checks that it says why, what next, and a support id. */
export async function seeEnd(page: Page, cause: PageCause): Promise<void> {
  const message = PAGE_MESSAGES[cause]
  await page.getByRole('heading', { level: 1, name: message.heading, exact: true }).waitFor()
  const text = await page.locator('body').innerText()
  for (const part of [message.cause, message.nextStep]) assert.ok(text.includes(part), part)
  assert.match(text, /Support id [0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}/)
}
