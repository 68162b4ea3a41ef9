import { expect } from '@jest/globals'
import type { Response } from 'supertest'
import { type PortalWorld, RETURN_URL } from '../../portal/support/world.ts'

/** Begins a connect session over `/v1`; its id. */
export async function newSession(world: PortalWorld, tenantRef = 'tenant-1'): Promise<string> {
  const body = {
    program: 'emm-eu',
    tenant_ref: tenantRef,
    return_url: RETURN_URL,
    code_challenge: 'c'.repeat(43),
  }
  return (await world.call('POST', '/v1/connect-sessions').send(body)).body.id
}

/** A page ends the attempt: it says why, gives a support id, and no script and no cache touch it. */
export function expectPage(res: Response, status: number, words: RegExp): void {
  expect(res.status).toBe(status)
  expect(res.headers['content-type']).toMatch(/^text\/html/)
  expect(res.headers['cache-control']).toBe('no-store')
  expect(res.headers['content-security-policy']).toContain("default-src 'none'")
  expect(res.text).toMatch(words)
  expect(res.text).toMatch(/[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}/)
  expect(res.text).not.toMatch(/<script|canary/)
}
