import { createHash } from 'node:crypto'
import { expect } from '@jest/globals'
import { everyDump } from '../../support/redis-files.ts'
import type { Rig } from '../../support/service-rig.ts'

/** A JSON answer, or a page. */
export interface Refused {
  readonly name: string
  readonly status: number
  readonly contentType: string | null
  readonly text: string
}

/** What must not be in any answer: stack frames, paths, names of libraries, Express's own words. */
const GIVEN_AWAY =
  /\bat \S+ \(|node_modules|\/src\/|\.ts:\d|ZodError|SyntaxError|Cannot (?:GET|POST)/

/** Reads a refusal as a problem document (RFC 9457) that names what it refuses. */
export function expectProblem({ name, status, contentType, text }: Refused) {
  expect([name, contentType]).toEqual([name, 'application/problem+json'])
  expect(text).not.toMatch(GIVEN_AWAY)
  const body = JSON.parse(text)
  expect([name, body]).toMatchObject([
    name,
    {
      type: `urn:knoxgate:error:${body.code}`,
      status,
      title: expect.any(String),
      owner: 'portal',
      retryable: false,
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ])
  return body
}

/** Reads a refusal as a page for people, with a support id and without a script. */
export function expectPage({ name, contentType, text }: Refused): void {
  expect([name, contentType]).toEqual([name, 'text/html; charset=utf-8'])
  expect([name, text]).toEqual([name, expect.stringMatching(/[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}/)])
  expect(text).toContain('What to do next')
  expect(text).not.toMatch(GIVEN_AWAY)
  expect(text).not.toContain('<script')
}

/** What is written of callers, whatever they ask for: that they were there. */
const isNoted = (key: string): boolean =>
  key.startsWith('kg:{audit}') || key === 'kg:{credential_uses}'

/** A digest of every other value: what is in the store, in a form that can be shown. */
export async function storeContent(rig: Rig): Promise<ReadonlyMap<string, string>> {
  const digest = (dump: string) => createHash('sha256').update(dump, 'latin1').digest('base64url')
  const dumps = [...(await everyDump(rig.db))].filter(([key]) => !isNoted(key))
  return new Map(dumps.map(([key, dump]) => [key, digest(dump)]))
}

/** The store is as it was, and the service has met no defect of its own. */
export async function expectNoTrace(rig: Rig, before: ReadonlyMap<string, string>): Promise<void> {
  expect(await storeContent(rig)).toEqual(before)
  for (const { output } of rig.stack.services) expect(output()).not.toMatch(/"level":"error"/)
}
