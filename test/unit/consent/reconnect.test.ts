import { beforeEach, describe, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { openEmail } from '../../../src/vault/token-seal.ts'
import { NO_AUDIT } from '../../support/audit.ts'
import { failing, HOUR, held, tokenError } from '../vault/support/samsung.ts'
import { codeOf, tokenOf } from '../vault/support/world.ts'
import { type ConsentWorld, createConsentWorld, portal } from './support/world.ts'

let world: ConsentWorld
let connectionId: string

beforeEach(async () => {
  world = createConsentWorld()
  connectionId = (await world.connect()).connection.id
})

const reconnect = (code: string, allowAccountChange = false) =>
  world.connect({ connectionId, allowAccountChange }, code)

async function emailOf(id: string) {
  const connection = await world.connectionOf(id)
  const dataKey = await world.envelope.open(id, connection.dataKey)
  return openEmail(dataKey, consentBinding(connection))
}

describe('reconnecting', () => {
  it('keeps the id and gives it the tokens of the new consent', async () => {
    const { connection } = await reconnect('ada')

    expect(connection.id).toBe(connectionId)
    expect(connection.generation).toBe(2)
    await world.replica().ask(connectionId)
    expect(world.samsung.exchanged).toEqual(['access-2'])
  })

  it('heals what Samsung had refused', async () => {
    world.advance(2 * HOUR)
    world.samsung.refreshSteps.push(failing(tokenError('customer')))
    expect(await codeOf(world.replica().ask(connectionId))).toBe('consent_required')

    await reconnect('ada')

    expect(await codeOf(world.replica().ask(connectionId))).toBe('resolved')
    expect((await world.bindingOf(connectionId)).refresh).toMatchObject({
      state: 'ok',
      failures: 0,
    })
  })

  it('hands out no Knox token of the old consent any more', async () => {
    const old = await world.replica().ask(connectionId)

    await reconnect('ada')

    expect(tokenOf(await world.replica().ask(connectionId))).not.toBe(tokenOf(old))
  })

  it('repeated by its portal changes nothing more', async () => {
    const { id, verifier, resultCode } = await world.consent({ connectionId })
    const proof = { resultCode, codeVerifier: verifier }
    const first = await world.complete(portal, id, proof)

    const second = await world.complete(portal, id, proof)

    expect(second.connection).toEqual(first.connection)
    expect(second.connection.generation).toBe(2)
  })

  it('fences off a renewal that is still under way', async () => {
    world.advance(41 * 60_000)
    const { step, arrived, release } = held('after')
    world.samsung.refreshSteps.push(step)
    const renewing = world.replica().ask(connectionId)
    await arrived

    await reconnect('ada')
    release()
    await renewing

    const connection = await world.connectionOf(connectionId)
    expect(connection.generation).toBe(2)
    expect(consentBinding(connection).tokenSet.committedBy).not.toBe('consent-1')
    expect(world.events('refresh_fenced')).toHaveLength(1)
  })

  it('gets its tokens stored although the store goes away for a moment', async () => {
    const isReconnected = (text: string) => text.includes('"generation":2,"dataKey"')
    world.faulty.failWrites(['unavailable', 'applied_unanswered', 'unavailable'], isReconnected)

    expect((await reconnect('ada')).connection.generation).toBe(2)
  })

  it('knows its own write again after no answer came', async () => {
    const isReconnected = (text: string) => text.includes('"generation":2,"dataKey"')
    world.faulty.failWrites(Array(4).fill('applied_unanswered'), isReconnected)

    expect((await reconnect('ada')).connection.generation).toBe(2)
  })

  it('spends the code for nothing when the connection was deleted meanwhile', async () => {
    const { id, verifier, resultCode } = await world.consent({ connectionId })
    await world.connections.remove(connectionId, tombstoneOf)
    const proof = { resultCode, codeVerifier: verifier }

    expect(await codeOf(world.complete(portal, id, proof))).toBe('not_found')

    expect(await world.connections.read(connectionId)).toBeNull()
    expect((await world.session(id))?.phase).toBe('failed')
  })
})

it('takes a new name of the customer along, and keeps the old one without', async () => {
  const nameAfter = async (wish: { readonly tenantName?: string }) =>
    (await world.connect({ connectionId, ...wish })).connection.tenantName

  expect(await nameAfter({ tenantName: 'New Inc.' })).toBe('New Inc.')
  expect(await nameAfter({})).toBe('New Inc.')
})

describe('another account', () => {
  it('is refused: its tokens are dropped and the connection is as it was', async () => {
    const before = await world.connectionOf(connectionId)

    expect(await codeOf(reconnect('ben'))).toBe('account_mismatch')

    expect(await world.connectionOf(connectionId)).toEqual(before)
    const { portalId, tenantRef } = before
    const place = { portalId, programId: 'emm-eu', tenantRef }
    expect(await world.directory.find(place)).toBe(connectionId)
    expect(await world.directory.list(portalId, null, 10)).toEqual([connectionId])
    await world.replica().ask(connectionId)
    expect(world.samsung.exchanged).toEqual(['access-1'])
  })

  it('is refused also when Samsung does not say which it is', async () => {
    world.samsung.codeSteps.push({ answer: ({ userId: _, ...rest }) => rest })

    expect(await codeOf(reconnect('ada'))).toBe('account_mismatch')
  })

  it('ends the session for good', async () => {
    const { id, verifier, resultCode } = await world.consent({ connectionId }, 'ben')
    const proof = { resultCode, codeVerifier: verifier }
    await codeOf(world.complete(portal, id, proof))

    expect(await codeOf(world.complete(portal, id, proof))).toBe('session_ended')
    expect(await world.session(id)).toMatchObject({ phase: 'failed', failure: 'account_mismatch' })
  })

  it('takes over where the portal allowed it, and the log says so', async () => {
    await reconnect('ben', true)

    expect((await world.bindingOf(connectionId)).account?.id).toBe('ben')
    expect(await emailOf(connectionId)).toBe('ben@example.com')
    expect(tokenOf(await world.replica().ask(connectionId))).toMatch(/-of-ben$/)
    expect(world.events('account_changed')).toEqual([
      expect.objectContaining({ level: 'warn', connectionId }),
    ])
  })

  it('stands in the audit trail where it took over, and nowhere else', async () => {
    const noted: AuditEvent[] = []
    world = createConsentWorld({ audit: { ...NO_AUDIT, note: (event) => void noted.push(event) } })
    connectionId = (await world.connect()).connection.id
    const changes = () => noted.filter(({ event }) => event === 'account_changed')

    await reconnect('ada', true)
    await codeOf(reconnect('ben'))
    expect(changes()).toEqual([])
    await reconnect('ben', true)

    expect(changes()).toEqual([
      expect.objectContaining({ portalId: portal.id, programId: 'emm-eu', connectionId }),
    ])
  })

  it('is not logged where it is the same, or the first that is known', async () => {
    await reconnect('ada', true)
    await world.connections.update(connectionId, (connection) => {
      const { account: _, ...binding } = consentBinding(connection)
      return { ...connection, bindings: [binding] }
    })

    await reconnect('ben')

    expect((await world.bindingOf(connectionId)).account?.id).toBe('ben')
    expect(world.events('account_changed')).toEqual([])
  })
})
