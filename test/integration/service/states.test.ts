import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createHttpBrowser } from '../../../scripts/stack/http-browser.ts'
import { type Call, createVerifier } from '../../../scripts/stack/portal-client.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startRig({ replicas: 2 })
})
afterAll(() => rig?.close())

/** The `state` with which a new connect session, started at a service, leads to Samsung. */
async function stateFrom(call: Call, tenantRef: string): Promise<string> {
  const session = await call('POST', '/v1/connect-sessions', {
    program: rig.stack.programId,
    tenant_ref: tenantRef,
    return_url: rig.stack.portals[0]?.returnUrl ?? '',
    code_challenge: createVerifier().challenge,
  })
  const browser = createHttpBrowser()
  const page = await browser.open(session.body.connect_url)
  const onTheWay = await browser.press(page, { name: 'action', value: 'continue' })
  const target = /http-equiv="refresh"[^>]*url=([^"]*)"/i.exec(onTheWay.html)?.[1] ?? ''
  const state = new URL(target.replaceAll('&amp;', '&')).searchParams.get('state') ?? ''
  expect(state.startsWith(`${session.body.id}.`)).toBe(true)
  return state.slice(session.body.id.length + 1)
}

it('makes another state for every start, in every process, before and after a restart', async () => {
  const restarted = await rig.another()
  const states: string[] = []
  for (const call of [...rig.calls, restarted.call])
    for (let n = 0; n < 10; n += 1) states.push(await stateFrom(call, `tenant-${states.length}`))

  expect(new Set(states).size).toBe(30)
  // 128 bits in base64url, and no part of it that all have in common.
  expect(states.filter((state) => !/^[\w-]{22,}$/.test(state))).toEqual([])
  for (let at = 0; at < 21; at += 1)
    expect(new Set(states.map((state) => state[at])).size).toBeGreaterThan(5)
})
