import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { type Answer, type Call, consent } from '../../../scripts/stack/portal-client.ts'
import { eventually } from '../../support/eventually.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

/** How long a process may go on with what it has seen (design of the hand-out cache). */
const BELIEF_MS = 1000

let rig: Rig
let here: Call
let there: Call
let tenants = 0

beforeAll(async () => {
  rig = await startRig({ replicas: 2, env: { KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: `${BELIEF_MS}ms` } })
  ;[here, there] = rig.calls as [Call, Call]
})
afterAll(() => rig?.close())
beforeEach(() => {
  tenants += 1
  rig.sandbox.clearRecord()
})

const given = (tenantRef: string, session = {}) =>
  consent({
    call: here,
    program: rig.stack.programId,
    tenantRef,
    returnUrl: rig.stack.portals[0]?.returnUrl ?? '',
    session,
  })

type Given = Awaited<ReturnType<typeof given>>

const complete = (call: Call, { session, resultCode, verifier }: Given) =>
  call('POST', `/v1/connect-sessions/${session.body.id}/complete`, {
    result_code: resultCode,
    code_verifier: verifier,
  })

/** Repeats a completion while it is under way elsewhere, as a portal would. */
async function completed(call: Call, one: Given): Promise<Answer> {
  let answer = await complete(call, one)
  await eventually(async () => {
    if (answer.body.code === 'completion_in_progress') answer = await complete(call, one)
    return answer.body.code !== 'completion_in_progress'
  })
  return answer
}

it('works at once in every process, whichever it began in', async () => {
  const one = await given(`tenant-${tenants}`)
  const made = await complete(there, one)
  const answers = await Promise.all(
    [here, there].map((call) => call('POST', `/v1/connections/${made.body.id}/token`)),
  )

  expect(made.status).toBe(200)
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect((await here('GET', `/v1/connect-sessions/${one.session.body.id}`)).body.status).toBe(
    'completed',
  )
})

it('is over in every process within a second of being deleted in one', async () => {
  const { body } = await complete(here, await given(`tenant-${tenants}`))
  const path = `/v1/connections/${body.id}`
  const ask = () => there('POST', `${path}/token`)
  await ask()
  expect((await ask()).status).toBe(200)

  expect((await here('DELETE', path)).status).toBe(204)
  const deletedAt = performance.now()
  const own = await here('POST', `${path}/token`)
  let endedAfter = 0
  await eventually(async () => {
    const askedAt = performance.now()
    if ((await ask()).status === 404) endedAfter = askedAt - deletedAt
    return endedAfter > 0
  })

  expect(own.status).toBe(404)
  // From asking to asking again some time passes.
  expect(endedAfter).toBeLessThan(BELIEF_MS + 500)
  expect((await there('GET', path)).status).toBe(404)
})

it('spends a code once when both are asked to complete its session', async () => {
  const one = await given(`tenant-${tenants}`)
  rig.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 200 } })

  const answers = await Promise.all([here, there, here, there].map((call) => completed(call, one)))

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  expect(rig.grants('authorization_code')).toBe(1)
})

it('makes one connection when two administrators of a customer finish at the same time', async () => {
  const tenantRef = `tenant-${tenants}`
  const [first, second] = [await given(tenantRef), await given(tenantRef)]
  rig.sandbox.addFault({ on: 'token', times: 2, do: { kind: 'delay', ms: 200 } })

  const answers = await Promise.all([completed(here, first), completed(there, second)])

  const [made, refused] = answers.toSorted((a, b) => a.status - b.status)
  expect([made?.status, refused?.status]).toEqual([200, 409])
  expect(refused?.body).toMatchObject({
    code: 'connection_exists',
    connection_id: made?.body.id,
  })
  expect(rig.grants('authorization_code')).toBe(1)
  const { body } = await here('GET', `/v1/connections?tenant_ref=${tenantRef}`)
  expect(body.data.map(({ id }: { id: string }) => id)).toEqual([made?.body.id])
})

it('ends up with one of two consents that renew a connection at the same time', async () => {
  const tenantRef = `tenant-${tenants}`
  const made = await complete(here, await given(tenantRef))
  const session = { connection_id: made.body.id }
  const [first, second] = [await given(tenantRef, session), await given(tenantRef, session)]

  const answers = await Promise.all([completed(here, first), completed(there, second)])

  for (const { status, body } of answers)
    expect([status, body.id, body.status]).toEqual([200, made.body.id, 'active'])
  for (const call of [here, there])
    expect((await call('POST', `/v1/connections/${made.body.id}/token`)).status).toBe(200)
})

it('lets a connection be deleted while it is being renewed, and leaves nothing behind', async () => {
  const tenantRef = `tenant-${tenants}`
  const made = await complete(here, await given(tenantRef))
  rig.sandbox.control({ expireAccessTokens: true })
  rig.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 300 } })
  const arrived = rig.sandbox.arrival('token')
  const renewing = there('POST', `/v1/connections/${made.body.id}/token`)
  await arrived

  const deleted = await here('DELETE', `/v1/connections/${made.body.id}`)

  expect([deleted.status, (await renewing).status]).toEqual([204, 404])
  expect((await there('GET', `/v1/connections/${made.body.id}`)).status).toBe(404)
  const record = await rig.db.hget(`kg:{${made.body.id}}`, 'record')
  expect(JSON.parse(record ?? '')).toMatchObject({ type: 'tombstone' })
  expect(record).not.toContain('v1.')
})
