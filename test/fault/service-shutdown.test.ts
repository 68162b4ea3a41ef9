import { Agent, request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { consent } from '../../scripts/stack/portal-client.ts'
import { consentBinding } from '../../src/vault/record.ts'
import { eventually } from '../support/eventually.ts'
import { type AnotherService, type Rig, startRig } from '../support/service-rig.ts'
import { expire, storedConnection } from '../support/stored-connection.ts'

const LEASE_MS = 2500
/** How long Samsung thinks; longer than it takes to end a process, shorter than a time-out. */
const SLOW_MS = 700

let rig: Rig
let id: string
let tenants = 0
/** The process that something happens to; the rig's own stays as it is. */
let victim: AnotherService

beforeAll(async () => {
  rig = await startRig({
    env: {
      KNOXGATE_UPSTREAM_TIMEOUT: '1500ms',
      KNOXGATE_REFRESH_COMMIT_BUDGET: '900ms',
      KNOXGATE_REFRESH_LEASE: `${LEASE_MS}ms`,
      KNOXGATE_REFRESH_BACKOFF_MIN: '1ms',
    },
  })
})
afterAll(() => rig?.close())
beforeEach(async () => {
  victim = await rig.another()
  id = await rig.connect(newTenant())
  await rig.token(id)
  await expire(rig.db, id)
  rig.sandbox.control({ rotation: null })
  rig.sandbox.clearRecord()
})

function newTenant(): string {
  tenants += 1
  return `tenant-${tenants}`
}

const tokenFrom = ({ call }: Pick<AnotherService, 'call'>) =>
  call('POST', `/v1/connections/${id}/token`)
const view = async () => (await rig.call('GET', `/v1/connections/${id}`)).body
const tokenRequests = () => rig.sandbox.record().requests.filter(({ on }) => on === 'token')

/** Asks again and again on one connection that is kept open, until it is closed; how many answers came. */
async function keepAsking(url: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = () =>
    new Promise<boolean>((resolve) => {
      const asked = request(`${url}/livez`, { agent }, (answer) => {
        answer.resume().once('end', () => resolve(true))
      })
      asked.once('error', () => resolve(false)).end()
    })
  let answers = 0
  while (await ask()) answers += 1
  agent.destroy()
  return answers
}

/** Starts a slow refresh in the victim; resolves when its request has reached Samsung. */
async function slowRefresh(signal?: AbortSignal) {
  rig.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: SLOW_MS } })
  const arrived = rig.sandbox.arrival('token')
  const headers = { authorization: `Bearer ${rig.stack.apiKey()}` }
  const path = `${victim.service.url}/v1/connections/${id}/token`
  const calling = fetch(path, { method: 'POST', headers, ...(signal ? { signal } : {}) })
  const status = calling.then(
    (answer) => answer.status,
    () => 'cut off',
  )
  await arrived
  return status
}

describe('a process that is told to stop', () => {
  it('finishes the refresh it is at, answers its caller, and exits with 0', async () => {
    const answer = slowRefresh()
    await rig.sandbox.arrival('token')
    victim.service.signal('SIGTERM')

    expect(await answer).toBe(200)
    expect(await victim.service.ended).toBe(0)
    expect(victim.service.output()).toContain('"reason":"drained"')
    const { record, binding } = await storedConnection(rig.db, id)
    expect([record.generation, binding.refresh.state]).toEqual([2, 'ok'])
    expect((await tokenFrom(rig)).status).toBe(200)
    expect(tokenRequests()).toHaveLength(1)
  })

  it('finishes it also when nobody waits for it any more', async () => {
    const caller = new AbortController()
    const answer = slowRefresh(caller.signal)
    await rig.sandbox.arrival('token')
    caller.abort()
    expect(await answer).toBe('cut off')
    victim.service.signal('SIGTERM')

    expect(await victim.service.ended).toBe(0)
    expect((await storedConnection(rig.db, id)).record.generation).toBe(2)
    expect((await tokenFrom(rig)).status).toBe(200)
    expect(tokenRequests()).toHaveLength(1)
  })

  it('finishes a consent as well, when the portal that completes it has hung up', async () => {
    const { call, stack } = rig
    const returnUrl = stack.portals[0]?.returnUrl ?? ''
    const tenantRef = newTenant()
    const given = await consent({ call, program: stack.programId, tenantRef, returnUrl })
    const path = `/v1/connect-sessions/${given.session.body.id}`
    const proof = { result_code: given.resultCode, code_verifier: given.verifier }
    rig.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: SLOW_MS } })
    const portal = new AbortController()
    const arrived = rig.sandbox.arrival('token')
    const completing = fetch(`${victim.service.url}${path}/complete`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stack.apiKey()}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(proof),
      signal: portal.signal,
    }).catch(() => 'cut off')
    await arrived
    portal.abort()
    expect(await completing).toBe('cut off')
    victim.service.signal('SIGTERM')

    expect(await victim.service.ended).toBe(0)
    const again = await call('POST', `${path}/complete`, proof)
    expect([again.status, again.body.status]).toEqual([200, 'active'])
    expect(rig.grants('authorization_code')).toBe(1)
  })

  it('takes no new callers, and does not wait for one that only keeps its connection', async () => {
    const kept = await fetch(`${victim.service.url}/livez`)
    await kept.text()
    const startedAt = performance.now()

    expect(await victim.service.stop()).toBe(0)

    expect(performance.now() - startedAt).toBeLessThan(2000)
    await expect(fetch(`${victim.service.url}/livez`)).rejects.toThrow()
  })
})

describe('a process that is killed in the middle of a refresh', () => {
  it('is waited for until its lease is over; then another recovers', async () => {
    rig.sandbox.control({ rotation: 'none' })
    const answer = slowRefresh()
    await rig.sandbox.arrival('token')
    const killedAt = Date.now()
    victim.service.signal('SIGKILL')
    expect(await answer).toBe('cut off')
    await victim.service.ended

    const early = await tokenFrom(rig)
    const requestsBefore = tokenRequests().length
    await eventually(async () => (await tokenFrom(rig)).status === 200)

    if (early.status !== 200) {
      const told = { code: 'refresh_in_progress', retryable: true }
      expect([early.status, early.body]).toMatchObject([503, told])
      expect(early.headers.get('retry-after')).not.toBeNull()
      expect(requestsBefore).toBe(1)
    }
    expect(Date.now() - killedAt).toBeGreaterThan(LEASE_MS - SLOW_MS)
    expect(tokenRequests()).toHaveLength(2)
    expect((await view()).status).toBe('active')
    expect(rig.stack.services[0]?.output()).toContain('"outcome":"recovered_after_uncertain"')
  })

  it('is known to have lost the consent, if Samsung had rotated; by a process started since', async () => {
    const answer = slowRefresh()
    await rig.sandbox.arrival('token')
    victim.service.signal('SIGKILL')
    expect(await answer).toBe('cut off')
    await victim.service.ended
    await eventually(() => tokenRequests().length === 1)

    const successor = await rig.another()
    await eventually(async () => (await tokenFrom(successor)).body.code === 'consent_required')

    expect(await view()).toMatchObject({
      status: 'consent_required',
      status_reason: 'refused_after_unknown_outcome',
    })
    expect(successor.service.output()).toContain('"outcome":"reauth_after_crash"')
    expect(tokenRequests()).toHaveLength(2)
  })
})

it('drops what a process brings that was suspended beyond its lease', async () => {
  rig.sandbox.control({ rotation: 'none' })
  const answer = slowRefresh()
  await rig.sandbox.arrival('token')
  victim.service.signal('SIGSTOP')
  await eventually(async () => (await tokenFrom(rig)).status === 200)
  const { record } = await storedConnection(rig.db, id)

  victim.service.signal('SIGCONT')

  expect([200, 503]).toContain(await answer)
  await eventually(() => /"refresh_fenced"|"fresh_by_peer"/.test(victim.service.output()))
  const after = await storedConnection(rig.db, id)
  expect(after.record.generation).toBe(record.generation)
  expect(after.binding.tokenSet).toEqual(consentBinding(record).tokenSet)
  expect((await tokenFrom(rig)).status).toBe(200)
})

it('ends at once although callers keep their connections busy', async () => {
  const asking = [keepAsking(victim.service.url), keepAsking(victim.service.adminUrl)]
  await eventually(async () => (await fetch(`${victim.service.url}/livez`)).ok)

  const startedAt = performance.now()
  const code = await victim.service.stop()

  expect(code).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(5000)
  expect(victim.service.output()).toContain('"reason":"drained"')
  for (const answers of await Promise.all(asking)) expect(answers).toBeGreaterThan(0)
})
