import { afterEach, describe, expect, it } from '@jest/globals'
import type { Answer, Call } from '../../scripts/stack/portal-client.ts'
import { auditTrail } from '../support/audit-trail.ts'
import { eventually } from '../support/eventually.ts'
import { type Rig, type RigOptions, startRig } from '../support/service-rig.ts'
import { age } from '../support/stored-connection.ts'

/** Samsung's portal makes a new Client Identifier, and voids the old one, while services run. */
const NEXT = 'the-client-identifier-that-comes-next'
const CONNECTIONS = 10

let rig: Rig
afterEach(() => rig?.close())

async function start(options: RigOptions = {}): Promise<readonly string[]> {
  const { env, ...others } = options
  rig = await startRig({
    program: { fields: { next_client_identifier: { env: 'STACK_NEXT_CLIENT_IDENTIFIER' } } },
    env: { STACK_NEXT_CLIENT_IDENTIFIER: NEXT, ...env },
    ...others,
  })
  const ids: string[] = []
  for (let n = 0; n < CONNECTIONS; n++) ids.push(await rig.connect(`tenant-${n}`))
  rig.sandbox.clearRecord()
  return ids
}

const replaced = () => rig.sandbox.control({ clientIdentifier: NEXT })
const tokenFrom = (call: Call, id: string) => call('POST', `/v1/connections/${id}/token`)
const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))]
const exchanges = () => rig.sandbox.record().requests.filter(({ on }) => on === 'ams')
const refusals = () => exchanges().filter(({ outcome }) => outcome === 'refused')
const events = (name: string) =>
  rig.stack.services.flatMap((service) =>
    service
      .output()
      .split('\n')
      .filter((line) => line.includes(`"event":"${name}"`)),
  )
/** What is told behind the caller's back is told once. */
async function toldOnce(name: string): Promise<void> {
  await eventually(() => events(name).length > 0)
  expect(events(name)).toHaveLength(1)
}
const audited = async (event: string) =>
  (await auditTrail(rig.db)).filter((entry) => entry.event === event)
const admin = async (service: number, path: string) => {
  const { adminUrl } = rig.stack.services[service] ?? {}
  const authorization = `Bearer ${rig.stack.adminToken}`
  return (await fetch(`${adminUrl}${path}`, { headers: { authorization } })).text()
}
const status = async (service: number) => JSON.parse(await admin(service, '/admin/v1/status'))

describe('a Client Identifier that Samsung has replaced by the other one', () => {
  it('costs a herd of exchanges one promotion, and no caller a failure', async () => {
    const ids = await start()
    replaced()

    const answers = await Promise.all(ids.map((id) => tokenFrom(rig.call, id)))

    expect(statuses(answers)).toEqual([200])
    expect(exchanges().length - refusals().length).toBe(CONNECTIONS)
    expect(refusals().length).toBeLessThanOrEqual(CONNECTIONS)
    await toldOnce('client_identifier_promoted')
    expect(events('operator_alarm')).toEqual([])
    await eventually(async () => (await audited('client_identifier_promoted')).length > 0)
    const [entry, ...more] = await audited('client_identifier_promoted')
    expect(more).toEqual([])
    expect(entry).toMatchObject({ program: 'emm-eu', outcome: 'ok' })
    expect(entry?.subject).toBe((await status(0)).client_identifiers[0].fingerprint)
  })

  it('costs two replicas that find it out at once one promotion, too', async () => {
    const ids = await start({ replicas: 2 })
    replaced()

    const answers = await Promise.all(
      rig.calls.flatMap((call) => ids.map((id) => tokenFrom(call, id))),
    )

    expect(statuses(answers)).toEqual([200])
    expect(refusals().length).toBeLessThanOrEqual(answers.length)
    await toldOnce('client_identifier_promoted')
    await eventually(async () =>
      (await Promise.all([status(0), status(1)])).every(
        ({ client_identifiers: [one] }) => one.place === 2,
      ),
    )
    expect(events('client_identifier_promoted')).toHaveLength(1)
    expect(events('operator_alarm')).toEqual([])
  })

  it('costs one exchange more when calls come one after the other', async () => {
    const ids = await start()
    replaced()

    for (const id of ids) expect((await tokenFrom(rig.call, id)).status).toBe(200)

    expect(exchanges().map(({ outcome }) => outcome)).toEqual([
      'refused',
      ...ids.map(() => 'accepted'),
    ])
  })

  it('is no failure under load, and one promotion over two replicas, which both show it', async () => {
    const ids = await start({ replicas: 2 })
    const answers: Answer[] = []
    let isOver = false
    const load = rig.calls.map(async (call, replica) => {
      for (let n = replica; !isOver; n++) {
        const id = ids[n % ids.length] ?? ''
        await age(rig.db, id, { knoxToken: { leftMs: -1 } })
        answers.push(await tokenFrom(call, id))
      }
    })
    await eventually(() => answers.length > 20)
    replaced()
    const before = answers.length
    await eventually(() => answers.length > before + 40)
    await eventually(async () =>
      (await Promise.all([status(0), status(1)])).every(
        ({ client_identifiers: [one] }) => one.place === 2,
      ),
    )
    const refused = refusals().length
    rig.sandbox.clearRecord()
    const settled = answers.length
    await eventually(() => answers.length > settled + 20)
    isOver = true
    await Promise.all(load)

    expect(statuses(answers)).toEqual([200])
    // Each replica had one exchange under way.
    expect([1, 2]).toContain(refused)
    expect(refusals()).toEqual([])
    await toldOnce('client_identifier_promoted')
    expect(events('operator_alarm')).toEqual([])
    const shown = await status(1)
    expect(shown.status).toBe('ready')
    expect(shown.client_identifiers).toEqual([
      { program: 'emm-eu', configured: 2, place: 2, fingerprint: expect.stringMatching(/^.{16}$/) },
    ])
    expect(JSON.stringify(shown)).not.toContain(NEXT)
    expect(shown.warnings).toContainEqual(
      expect.stringContaining('configuration still lists the old one first'),
    )
    const metrics = await Promise.all([admin(0, '/metrics'), admin(1, '/metrics')])
    const counted = metrics.map((text) => /promotions_total{program="emm-eu"} (\d)/.exec(text)?.[1])
    expect(counted.toSorted()).toEqual(['0', '1'])
  })

  it('is known to a process that starts later, without an exchange that is refused', async () => {
    const [id = ''] = await start()
    replaced()
    await tokenFrom(rig.call, id)
    await eventually(() => events('client_identifier_promoted').length === 1)
    const { call } = await rig.another()
    rig.sandbox.clearRecord()
    await age(rig.db, id, { knoxToken: { leftMs: -1 } })

    const answer = await tokenFrom(call, id)

    expect([answer.status, exchanges().map(({ outcome }) => outcome)]).toEqual([200, ['accepted']])
  })
})

it('raises the alarm as ever when both are refused, and ends it when one is accepted', async () => {
  const ids = await start({ env: { KNOXGATE_BREAKER_PROBE_INTERVAL: '500ms' } })
  rig.sandbox.control({ clientIdentifier: 'one-that-nobody-has-configured' })

  await eventually(async () => {
    await Promise.all(ids.map((id) => tokenFrom(rig.call, id)))
    return events('operator_alarm').length === 1
  })
  const held = await tokenFrom(rig.call, ids[0] ?? '')
  expect([held.status, held.body]).toMatchObject([
    502,
    { code: 'upstream_refused_client', upstream: { service: 'knox', code: '4012250' } },
  ])
  expect(events('client_identifier_promoted')).toEqual([])
  replaced()

  await eventually(async () => (await tokenFrom(rig.call, ids[0] ?? '')).status === 200)
  expect(events('operator_alarm_over')).toHaveLength(1)
  await toldOnce('client_identifier_promoted')
  const views = await Promise.all(ids.map((id) => rig.call('GET', `/v1/connections/${id}`)))
  expect(views.map(({ body }) => body.status)).not.toContain('consent_required')
})
