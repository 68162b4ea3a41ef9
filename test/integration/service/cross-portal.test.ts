import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Call,
  connect,
  createCall,
  createVerifier,
} from '../../../scripts/stack/portal-client.ts'
import { newConnectionId, newConnectSessionId } from '../../../src/shared/ids.ts'
import { head, type RawAnswer, sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { createRealApp } from '../../unit/portal/support/real-app.ts'
import { routesOf } from '../../unit/portal/support/routes-of.ts'
import { type Thing, type ThingRoute, thingRoutes } from './cross-portal-routes.ts'

const OTHER_PROGRAM = 'emm-eu-2'
const portal = (id: string) => ({ id, name: id, returnUrl: `http://localhost:3999/${id}` })
const PORTALS = [portal('acme-console'), portal('borealis')] as const
const ALL_SCOPES = ['connect', 'connections:read', 'connections:write', 'tokens', 'proxy']

/** Everything that one portal has, by what it is and how it stands. */
type Things = Readonly<Record<Thing, Readonly<Record<string, string>>>>

let rig: Rig
let admin: Call
let routes: readonly ThingRoute[]
/** API keys by what they are for. */
let keys: Readonly<Record<string, string>>
let foreign: Things

beforeAll(async () => {
  const real = await createRealApp()
  routes = thingRoutes(routesOf(real.app))
  await real.close()
  rig = await startRig({ portals: PORTALS, program: { likewise: [OTHER_PROGRAM] } })
  const { stack } = rig
  admin = createCall(stack.services[0]?.adminUrl ?? '', stack.adminToken)
  keys = {
    'of another portal': stack.apiKey('acme-console'),
    'of another portal, made by an operator': await newKey('acme-console', {}),
    'of its portal, for another program': await newKey('borealis', { programs: [OTHER_PROGRAM] }),
    'of another portal, for its program': await newKey('acme-console', {
      programs: [stack.programId],
    }),
  }
  foreign = { connection: await connectionsOfOther(), session: await sessionsOfOther() }
}, 60_000)
afterAll(() => rig?.close())

async function newKey(portalId: string, fields: Readonly<Record<string, unknown>>) {
  const path = `/admin/v1/portals/${portalId}/keys`
  const { status, body } = await admin('POST', path, { scopes: ALL_SCOPES, ...fields })
  if (status !== 201) throw new Error(`no key: ${JSON.stringify(body)}`)
  return String(body.api_key)
}

const callOf = (portalId: string): Call => createCall(rig.stack.url, rig.stack.apiKey(portalId))

const program = () => rig.stack.programId

async function newConnection(portalId: string, tenantRef: string): Promise<string> {
  const returnUrl = `http://localhost:3999/${portalId}`
  const made = await connect({ call: callOf(portalId), program: program(), tenantRef, returnUrl })
  return String(made.body.id)
}

async function newSession(portalId: string, tenantRef: string): Promise<string> {
  const { status, body } = await callOf(portalId)('POST', '/v1/connect-sessions', {
    program: program(),
    tenant_ref: tenantRef,
    return_url: `http://localhost:3999/${portalId}`,
    code_challenge: createVerifier().challenge,
  })
  if (status !== 201) throw new Error(`no session: ${JSON.stringify(body)}`)
  return String(body.id)
}

async function connectionsOfOther(): Promise<Readonly<Record<string, string>>> {
  const [active, frozen, deleted] = await Promise.all([
    newConnection('borealis', 'active'),
    newConnection('borealis', 'frozen'),
    newConnection('borealis', 'deleted'),
  ])
  const freeze = { target: 'connection', id: frozen, reason: 'a test' }
  expect((await admin('POST', '/admin/v1/freezes', freeze)).status).toBe(200)
  const gone = await callOf('borealis')('DELETE', `/v1/connections/${deleted}`)
  expect(gone.status).toBe(204)
  return { active, frozen, deleted }
}

const sessionsOfOther = async () => ({ pending: await newSession('borealis', 'pending') })

const absent = (thing: Thing): string =>
  thing === 'connection' ? newConnectionId(Date.now()) : newConnectSessionId()

/** What cannot be an id of such a thing. */
const garbage = (thing: Thing): readonly string[] => [
  absent(thing === 'connection' ? 'session' : 'connection'),
  'garbage',
  '%2e%2e%2fconnections',
  `${absent(thing).toUpperCase()}`,
]

/** As bytes, because clients sort headers and leave some out. */
async function ask({ method, path, body }: ThingRoute, id: string, key: string) {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = [`Authorization: Bearer ${key}`]
  if (body !== undefined)
    lines.push('Content-Type: application/json', `Content-Length: ${text.length}`)
  const answer = await sendRaw(
    rig.stack.url,
    head(`${method} ${path.replace('{id}', id)} HTTP/1.1`, ...lines) + text,
  )
  return { status: answer.status, bytes: comparable(answer) }
}

/** The whole answer, but for what differs between any two: the trace, the time, what a limit has left. */
function comparable({ text, headers }: RawAnswer): string {
  const trace = headers.get('x-trace-id') ?? ''
  expect(trace).toMatch(/^[0-9a-f]{32}$/)
  return text
    .replaceAll(trace, '<trace>')
    .replace(/^(Date): .*$/m, '$1: <time>')
    .replace(/^(RateLimit): .*$/im, (line) => line.replace(/([rt])=\d+/g, '$1=<n>'))
}

describe('what belongs to one portal', () => {
  it('can be asked for by its id in these ways', () => {
    expect(routes.length).toBeGreaterThanOrEqual(6)
    expect(new Set(routes.map(({ thing }) => thing)).size).toBe(2)
  })

  it('looks to every other key like something that never was, to the byte, on every route', async () => {
    for (const route of routes) {
      for (const [kind, key] of Object.entries(keys)) {
        const { status, bytes } = await ask(route, absent(route.thing), key)
        expect([route.name, kind, status]).toEqual([route.name, kind, 404])
        for (const [standing, id] of Object.entries(foreign[route.thing])) {
          const about = [route.name, kind, standing]
          expect([...about, (await ask(route, id, key)).bytes]).toEqual([...about, bytes])
        }
      }
    }
  }, 60_000)

  it('looks the same to a portal that is frozen itself', async () => {
    const place = { target: 'portal', id: 'acme-console' }
    await admin('POST', '/admin/v1/freezes', { ...place, reason: 'a test' })
    const key = rig.stack.apiKey('acme-console')
    for (const route of routes) {
      const { bytes } = await ask(route, absent(route.thing), key)
      for (const [standing, id] of Object.entries(foreign[route.thing])) {
        const about = [route.name, standing]
        expect([...about, (await ask(route, id, key)).bytes]).toEqual([...about, bytes])
      }
    }
    const lifted = await admin('DELETE', `/admin/v1/freezes?${new URLSearchParams(place)}`)
    expect(lifted.status).toBe(204)
  })

  it('looks like what is no id at all, but for the limit that counts for ids', async () => {
    const unlimited = (bytes: string) => bytes.replace(/^RateLimit.*\r\n/gim, '')
    for (const route of routes) {
      for (const [kind, key] of Object.entries(keys)) {
        const [first = ''] = Object.values(foreign[route.thing])
        const { bytes } = await ask(route, first, key)
        for (const id of garbage(route.thing)) {
          const about = [route.name, kind, id]
          const none = await ask(route, id, key)
          expect([...about, unlimited(none.bytes)]).toEqual([...about, unlimited(bytes)])
        }
      }
    }
  }, 60_000)

  it('is as it was, and still serves its own portal', async () => {
    const call = callOf('borealis')
    const { active, frozen } = foreign.connection
    const { pending } = foreign.session
    expect((await call('POST', `/v1/connections/${active}/token`)).status).toBe(200)
    expect((await call('GET', `/v1/connections/${frozen}`)).body.status).toBe('frozen')
    expect((await call('GET', `/v1/connect-sessions/${pending}`)).body.status).toBe('pending')
  })

  it('is in no list but that of its own portal, whatever is asked for', async () => {
    const { active } = foreign.connection
    for (const query of ['', '?tenant_ref=active', `?program=${program()}`, '?status=active']) {
      const { status, body } = await callOf('acme-console')('GET', `/v1/connections${query}`)
      expect([query, status, body.data]).toEqual([query, 200, []])
    }
    const own = await callOf('borealis')('GET', '/v1/connections?tenant_ref=active')
    expect(own.body.data.map(({ id }: { id: string }) => id)).toEqual([active])
  })

  it('cannot be reconnected by another portal', async () => {
    const wish = (connectionId: string) => ({
      program: program(),
      tenant_ref: 'mine',
      return_url: 'http://localhost:3999/acme-console',
      code_challenge: createVerifier().challenge,
      connection_id: connectionId,
    })
    const call = callOf('acme-console')
    const { trace_id: _, ...foreignBody } = (
      await call('POST', '/v1/connect-sessions', wish(foreign.connection.active ?? ''))
    ).body
    const { trace_id: __, ...absentBody } = (
      await call('POST', '/v1/connect-sessions', wish(newConnectionId(Date.now())))
    ).body

    expect(foreignBody).toEqual(absentBody)
    expect(foreignBody.code).toBe('not_found')
  })
})

describe('what belongs to a portal itself', () => {
  it('answers its own key on every route', async () => {
    for (const route of routes) {
      const id =
        route.thing === 'connection'
          ? await newConnection('borealis', `own ${route.name}`)
          : await newSession('borealis', `own ${route.name}`)
      const { status, bytes } = await ask(route, id, rig.stack.apiKey('borealis'))
      // Behind the proxy Samsung may not know a path either, in words of its own.
      const isAbsent = status === 404 && bytes.includes('"code":"not_found"')
      expect([route.name, status < 500, isAbsent]).toEqual([route.name, true, false])
    }
  }, 60_000)
})

describe('what an operator asks for by ids', () => {
  it('does not find a key under the path of another portal', async () => {
    const listed = await admin('GET', '/admin/v1/portals/borealis/keys')
    const [{ id }] = listed.body.data
    for (const [method, rest, body] of [
      ['DELETE', '', undefined],
      ['POST', '/rotate', { overlap_seconds: 0 }],
      ['POST', '/expire', { after_seconds: 0 }],
    ] as const) {
      const at = (keyId: string) => `/admin/v1/portals/acme-console/keys/${keyId}${rest}`
      const { trace_id: _, ...other } = (await admin(method, at(id), body)).body
      const { trace_id: __, ...none } = (await admin(method, at('absent00'), body)).body
      expect([method, rest, other]).toEqual([method, rest, none])
      expect(other.code).toBe('not_found')
    }
    const after = await admin('GET', '/admin/v1/portals/borealis/keys')
    expect(after.body.data.map((one: { status: string }) => one.status)).toEqual(
      listed.body.data.map(() => 'active'),
    )
  })

  it('is closed to the keys of portals, whatever is named', async () => {
    for (const key of Object.values(keys)) {
      const call = createCall(rig.stack.services[0]?.adminUrl ?? '', key)
      for (const path of ['/admin/v1/portals/acme-console/keys', '/admin/v1/portals/none/keys'])
        expect((await call('GET', path)).status).toBe(401)
    }
  })
})
