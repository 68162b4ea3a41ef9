import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ServiceProcess } from '../../scripts/stack/service-process.ts'
import { eventually } from '../support/eventually.ts'
import { type AnotherService, type Rig, startRig } from '../support/service-rig.ts'

/**
 * From a signal on, a part of Node that every layer uses fails with a message that holds a secret. It
 * stands for a defect of ours, of which there should be none to test with.
 */
const BROKEN = `
  import crypto from 'node:crypto'
  import { syncBuiltinESMExports } from 'node:module'
  process.on('SIGUSR2', () => {
    for (const name of ['createHmac', 'createHash', 'hash', 'createCipheriv', 'createDecipheriv'])
      crypto[name] = () => {
        throw new TypeError('defect ' + process.env.API_KEY_PEPPER + ' in ' + name)
      }
    syncBuiltinESMExports()
    process.stdout.write('{"event":"broken"}\\n')
  })`

/** What must not be in an answer: where code is, what was asked for, who asked whom. */
const INSIDE =
  /defect|TypeError|\bat \S+ \(|node_modules|file:|\.ts\b|canary|127\.0\.0\.1|localhost/

let rig: Rig
let victim: AnotherService
let connectionId: string
let sessionPath: string

beforeAll(async () => {
  rig = await startRig()
  connectionId = await rig.connect('tenant-1')
  const { body } = await rig.call('POST', '/v1/connect-sessions', {
    program: rig.stack.programId,
    tenant_ref: 'tenant-2',
    return_url: rig.stack.portals[0]?.returnUrl,
    code_challenge: 'a'.repeat(43),
  })
  sessionPath = `/connect/${body.id}`
})
afterAll(() => rig?.close())

const ask = async (url: string, init: RequestInit = {}) => {
  const answer = await fetch(url, { redirect: 'manual', ...init })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

/** A request to each part of each listener. */
const requests = ({ url, adminUrl }: ServiceProcess) => {
  const portal = { authorization: `Bearer ${rig.stack.apiKey()}` }
  const operator = { authorization: `Bearer ${rig.stack.adminToken}` }
  return [
    [`${url}/v1/connections?canary=1`, { headers: portal }],
    [`${url}/v1/connections/${connectionId}/token`, { method: 'POST', headers: portal }],
    [`${url}${sessionPath}?canary=1`, {}],
    [`${url}/callback/emm-eu?code=canary&state=${sessionPath.slice(9)}.${'A'.repeat(22)}`, {}],
    [`${adminUrl}/admin/v1/portals/acme-console/keys`, { method: 'POST', headers: operator }],
  ] as const
}

describe.each(['production', 'development', 'test', ''])('with NODE_ENV=%s a defect', (nodeEnv) => {
  beforeAll(async () => {
    const module = `data:text/javascript,${encodeURIComponent(BROKEN)}`
    victim = await rig.another({ NODE_OPTIONS: `--import ${module}`, NODE_ENV: nodeEnv })
    victim.service.signal('SIGUSR2')
    await eventually(() => victim.service.output().includes('"event":"broken"'))
  })
  afterAll(() => victim.service.stop())

  it('in any layer is told by a trace id or a support id, and by nothing else', async () => {
    for (const [url, init] of requests(victim.service)) {
      const { status, headers, text } = await ask(url, init)
      const where = new URL(url).pathname

      expect([where, status]).toEqual([where, 500])
      expect([where, text]).toEqual([where, expect.not.stringMatching(INSIDE)])
      expect([where, text]).toEqual([
        where,
        expect.stringMatching(/"trace_id":"[0-9a-f]{32}"|[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}/),
      ])
      expect(headers.get('x-powered-by')).toBeNull()
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })

  it('is an event with its frames, and its message nowhere', async () => {
    const failures = victim.service
      .output()
      .split('\n')
      .filter((line) => line.includes('"request_failed"'))
      .map((line) => JSON.parse(line))

    expect(failures.length).toBeGreaterThan(2)
    for (const { level, error } of failures) {
      expect([level, error.type]).toEqual(['error', 'TypeError'])
      expect(error.frames.length).toBeGreaterThan(0)
    }
    expect(victim.service.output()).not.toContain(rig.stack.env.API_KEY_PEPPER)
  })

  it('ends nothing: the process lives, and serves what does not meet it', async () => {
    expect((await ask(`${victim.service.url}/livez`)).status).toBe(200)
    expect(await Promise.race([victim.service.ended, Promise.resolve('lives')])).toBe('lives')
  })
})
