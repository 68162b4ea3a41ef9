import { beforeEach, describe, expect, it } from '@jest/globals'
import { createBrowser, type TestBrowser } from '../portal/support/browser.ts'
import { createPortalWorld, type PortalWorld } from '../portal/support/world.ts'
import { PORTAL, PROGRAM } from '../vault/support/world.ts'
import { expectPage, newSession } from './support/pages.ts'
import { verifierPair } from './support/world.ts'

let world: PortalWorld
let browser: TestBrowser
let id: string

beforeEach(async () => {
  world = await createPortalWorld()
  browser = createBrowser(world)
  id = await newSession(world)
})

const phaseOf = async () => (await world.consent.sessions.read(id))?.record.phase

describe.each([
  ['portal', PORTAL],
  ['program', PROGRAM],
])('with its %s frozen', (_, what) => {
  it('a session cannot be begun', async () => {
    world.frozen.add(what)
    const before = world.writes()

    const page = await browser.open(`/connect/${id}`)

    expectPage(page, 409, /paused/)
    expect(page.text).not.toContain('<form')
    expect(world.writes()).toBe(before)
  })

  it('a browser that saw the page before goes no further, and can decline', async () => {
    const form = await browser.formOf(id, 'continue')
    world.frozen.add(what)

    expectPage(await browser.post(`/connect/${id}`, form), 409, /paused/)
    expect(await phaseOf()).toBe('pending')
    const cancel = form.replace('continue', 'cancel')
    expect((await browser.post(`/connect/${id}`, cancel)).status).toBe(200)
    expect(await phaseOf()).toBe('denied')
  })

  it('what comes back from Samsung waits: the same address works when it is over', async () => {
    const state = await browser.start(id)
    world.frozen.add(what)
    const back = `/callback/emm-eu?code=ada&state=${state}`

    expectPage(await browser.open(back), 409, /paused/)
    expect(await phaseOf()).toBe('pending')
    world.frozen.clear()
    expect((await browser.open(back)).status).toBe(303)
  })

  it('a code is not spent, and can be when it is over', async () => {
    const { verifier, challenge } = verifierPair()
    const made = await world.call('POST', '/v1/connect-sessions').send({
      program: PROGRAM,
      tenant_ref: 'tenant-7',
      return_url: 'https://console.acme.example/knox/return',
      code_challenge: challenge,
    })
    const { resultCode } = await browser.consent(made.body.id)
    const complete = () =>
      world
        .call('POST', `/v1/connect-sessions/${made.body.id}/complete`)
        .send({ result_code: resultCode, code_verifier: verifier })
    world.frozen.add(what)

    const refused = await complete()
    expect([refused.status, refused.body.code]).toEqual([409, 'connection_frozen'])
    expect(world.samsung.codes).toEqual([])
    world.frozen.clear()
    expect((await complete()).status).toBe(200)
  })
})

it('a connection that is frozen cannot be renewed by a new consent', async () => {
  const connection = await world.connect({ tenantRef: 'tenant-8' })
  const wish = {
    program: PROGRAM,
    tenant_ref: 'tenant-8',
    return_url: 'https://console.acme.example/knox/return',
    code_challenge: verifierPair().challenge,
    connection_id: connection,
  }
  world.frozen.add(connection)

  const refused = await world.call('POST', '/v1/connect-sessions').send(wish)
  expect(refused.body).toMatchObject({ code: 'connection_frozen', owner: 'operator' })
  const another = { ...wish, tenant_ref: 'tenant-9', connection_id: undefined }
  expect((await world.call('POST', '/v1/connect-sessions').send(another)).status).toBe(201)
})
