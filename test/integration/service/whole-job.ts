import { createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type ConsentOptions, connect, consent } from '../../../scripts/stack/portal-client.ts'
import { fingerprint } from '../../../src/sandbox/record.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { type Rig, type RigOptions, startRig } from '../../support/service-rig.ts'
import { expire, storedConnection } from '../../support/stored-connection.ts'

const partsOf = (jwt: string): readonly unknown[] =>
  jwt.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))

/** The main job over HTTP, step by step in one story: each test goes on where the last one ended. */
export function wholeJob(options: RigOptions): void {
  let rig: Rig
  let id: string
  let token: { headers: Record<string, string>; token_id: string }

  const asAda = (): ConsentOptions => ({
    call: rig.call,
    program: rig.stack.programId,
    tenantRef: 'tenant 1 / ä',
    returnUrl: rig.stack.portals[0]?.returnUrl ?? '',
    session: { tenant_name: 'Fernhill Logistics' },
  })
  const refreshTokenRequests = () =>
    rig.sandbox.record().requests.filter(({ grantType }) => grantType === 'refresh_token')

  beforeAll(async () => {
    rig = await startRig(options)
  })
  afterAll(() => rig?.close())

  it('leads the customer through consent, and only then spends the code', async () => {
    const { session, landed, resultCode, verifier } = await consent(asAda())
    const path = `/v1/connect-sessions/${session.body.id}`

    const url = new URL(landed.url)
    expect([...url.searchParams.keys()].toSorted()).toEqual(['connect_session', 'result_code'])
    expect(url.searchParams.get('connect_session')).toBe(session.body.id)
    expect((await rig.call('GET', path)).body).toMatchObject({ status: 'awaiting_completion' })
    expect(rig.grants('authorization_code')).toBe(0)

    const proof = { result_code: resultCode, code_verifier: verifier }
    const made = await rig.call('POST', `${path}/complete`, proof)
    const again = await rig.call('POST', `${path}/complete`, proof)

    expect(made).toMatchObject({
      status: 200,
      body: {
        status: 'active',
        program: rig.stack.programId,
        kind: 'samsung-account',
        tenant_ref: 'tenant 1 / ä',
        tenant_name: 'Fernhill Logistics',
        renewable: true,
        consent_expires_at: expect.stringMatching(/Z$/),
      },
    })
    expect(again.body).toEqual(made.body)
    expect(rig.grants('authorization_code')).toBe(1)
    expect(rig.sandbox.record().requests.filter(({ on }) => on === 'ams')).toEqual([])
    id = made.body.id
    expect((await rig.call('GET', path)).body).toMatchObject({
      status: 'completed',
      connection_id: id,
    })
  })

  it('hands out a token with the header and claims that Knox expects', async () => {
    const answer = await rig.token(id)

    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(Object.keys(answer.body).toSorted()).toEqual([
      'base_url',
      'expires_at',
      'headers',
      'token_id',
    ])
    expect(answer.body.base_url).toBe(rig.sandbox.url)
    const signed: string = answer.body.headers['x-knox-apitoken']
    const [header, claims] = partsOf(signed)
    expect(header).toEqual({ alg: 'RS512', typ: 'JWT' })
    expect(claims).toEqual({
      accessToken: expect.any(String),
      publicKey: rig.sandbox.registration.knox.keys.Public,
      iat: expect.any(Number),
      exp: expect.any(Number),
      aud: 'KnoxWSM',
      jti: expect.stringMatching(/^[0-9a-f-]{72}$/),
    })
    const { accessToken, publicKey, exp } = claims as {
      readonly accessToken: string
      readonly publicKey: string
      readonly exp: number
    }
    expect(rig.sandbox.state.kcsTokens.has(accessToken)).toBe(true)
    const kcsExp = (rig.sandbox.state.kcsTokens.get(accessToken)?.expiresAt ?? 0) / 1000
    expect(Date.parse(answer.body.expires_at) / 1000).toBe(Math.min(exp, kcsExp))
    const key = createPublicKey({
      key: Buffer.from(publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    })
    const [input, signature] = [signed.slice(0, signed.lastIndexOf('.')), signed.split('.')[2]]
    const bytes = Buffer.from(signature ?? '', 'base64url')
    expect(verify('sha512', Buffer.from(input), key, bytes)).toBe(true)
    token = answer.body
  })

  it('gives the kept token to the next caller, and a new one in exchange for a refused one', async () => {
    const kept = await rig.token(id, { min_ttl_seconds: 100 })
    const replaced = await rig.token(id, { rejected: token.token_id })

    expect(kept.body).toEqual(token)
    expect(replaced.status).toBe(200)
    expect(replaced.body.token_id).not.toBe(token.token_id)
    expect((await rig.token(id)).body).toEqual(replaced.body)
  })

  it('finds trust present, then missing with the partner ID and words for the customer', async () => {
    const present = await rig.call('POST', `/v1/connections/${id}/verify`)
    rig.sandbox.control({ trust: { fernhill: false } })
    const missing = await rig.call('POST', `/v1/connections/${id}/verify`)
    const shown = await rig.call('GET', `/v1/connections/${id}`)
    const handedOut = await rig.token(id)
    rig.sandbox.control({ trust: { fernhill: true } })
    const healed = await rig.call('POST', `/v1/connections/${id}/verify`)

    expect(present).toMatchObject({ status: 200, body: { trust: 'present', connection: { id } } })
    expect(missing).toMatchObject({
      status: 409,
      body: {
        code: 'trust_missing',
        owner: 'customer',
        partner_id: rig.sandbox.registration.knox.partnerId,
        upstream: { service: 'knox', code: '40300000', error_id: expect.any(String) },
      },
    })
    expect(shown.body).toMatchObject({ status: 'trust_missing', trust: 'missing' })
    expect(handedOut.status).toBe(200)
    expect(healed.body).toMatchObject({ trust: 'present', connection: { status: 'active' } })
  })

  it('lists the connection, whole and by filter', async () => {
    const ids = async (query: string) => {
      const { body } = await rig.call('GET', `/v1/connections${query}`)
      return [body.data.map((one: { id: string }) => one.id), body.next_cursor]
    }

    expect(await ids('')).toEqual([[id], null])
    expect(await ids('?status=active&program=emm-eu&limit=1')).toEqual([[id], null])
    expect(await ids(`?tenant_ref=${encodeURIComponent('tenant 1 / ä')}`)).toEqual([[id], null])
    expect(await ids('?status=degraded')).toEqual([[], null])
    expect(await ids('?tenant_ref=nobody')).toEqual([[], null])
  })

  it('renews an expired token set once, and the next time with the new refresh token', async () => {
    for (const round of [1, 2]) {
      await expire(rig.db, id)
      expect((await rig.token(id)).status).toBe(200)
      expect(refreshTokenRequests()).toHaveLength(round)
    }

    const [first, second] = refreshTokenRequests()
    expect(second?.presented).toBe(first?.issued?.refreshToken)
    expect(second?.presented).not.toBe(first?.presented)
    expect((await storedConnection(rig.db, id)).record.generation).toBe(3)
  })

  it('goes on with the same refresh token where Samsung does not rotate', async () => {
    rig.sandbox.control({ rotation: 'none' })
    const live = [...rig.sandbox.state.refreshTokens].find(([, { status }]) => status === 'live')

    for (const _ of [1, 2]) {
      await expire(rig.db, id)
      expect((await rig.token(id)).status).toBe(200)
    }

    const presented = refreshTokenRequests().map((one) => one.presented)
    expect(presented.slice(2)).toEqual([fingerprint(live?.[0] ?? ''), fingerprint(live?.[0] ?? '')])
    expect((await rig.call('GET', `/v1/connections/${id}`)).body.status).toBe('active')
    rig.sandbox.control({ rotation: null })
  })

  it('says where to send the customer when the consent was withdrawn, everywhere', async () => {
    rig.sandbox.control({ revokeConsent: 'ada' })
    await expire(rig.db, id)

    const answers = [
      await rig.token(id),
      await rig.token(id),
      await rig.call('POST', `/v1/connections/${id}/verify`),
    ]
    const shown = await rig.call('GET', `/v1/connections/${id}`)

    const connectUrl = `${rig.stack.portals[0]?.reconnectUrl}?connection_id=${id}`
    for (const { status, body } of answers) {
      const told = { code: 'consent_required', owner: 'customer', retryable: false }
      expect([status, body]).toMatchObject([409, { ...told, connect_url: connectUrl }])
    }
    expect(shown.body).toMatchObject({
      status: 'consent_required',
      status_reason: 'refused',
      connect_url: connectUrl,
    })
    expect(refreshTokenRequests()).toHaveLength(5)
  })

  it('reconnects under the same id, but not with another account', async () => {
    const session = { ...asAda().session, connection_id: id }
    const twice = await rig.call('POST', '/v1/connect-sessions', {
      program: rig.stack.programId,
      tenant_ref: 'tenant 1 / ä',
      return_url: asAda().returnUrl,
      code_challenge: 'A'.repeat(43),
    })
    const other = await connect({ ...asAda(), administrator: 'ben', session })
    const still = await rig.call('GET', `/v1/connections/${id}`)
    const same = await connect({ ...asAda(), session })

    expect(twice).toMatchObject({
      status: 409,
      body: { code: 'connection_exists', connection_id: id },
    })
    expect(other).toMatchObject({ status: 409, body: { code: 'account_mismatch' } })
    expect(still.body.status).toBe('consent_required')
    expect(same).toMatchObject({ status: 200, body: { id, status: 'active' } })
    expect((await rig.token(id)).status).toBe(200)
  })

  it('deletes: 404 everywhere, a tombstone without a token, and the customer may connect anew', async () => {
    const deleted = await rig.call('DELETE', `/v1/connections/${id}`)

    expect(deleted.status).toBe(204)
    expect((await rig.call('GET', `/v1/connections/${id}`)).status).toBe(404)
    expect((await rig.token(id)).status).toBe(404)
    expect((await rig.call('POST', `/v1/connections/${id}/verify`)).status).toBe(404)
    expect((await rig.call('DELETE', `/v1/connections/${id}`)).status).toBe(404)
    expect((await rig.call('GET', '/v1/connections')).body.data).toEqual([])
    const tombstone = JSON.parse((await rig.db.hget(documentKey(id), 'record')) ?? '')
    expect(tombstone).toEqual({
      format: 1,
      type: 'tombstone',
      id,
      portalId: rig.stack.portals[0]?.id,
      deletedAt: expect.any(Number),
    })
    const days = (await rig.db.pttl(documentKey(id))) / 86_400_000
    expect(days).toBeGreaterThan(29)
    expect(days).toBeLessThanOrEqual(30)
    const anew = await connect(asAda())
    expect(anew.status).toBe(200)
    expect(anew.body.id).not.toBe(id)
  })

  it('showed Samsung no jti twice, and ends with exit code 0', async () => {
    const jtis = rig.sandbox.record().requests.flatMap(({ on, jti }) => (on === 'ams' ? jti : []))
    const [service] = rig.stack.services

    expect(jtis.length).toBeGreaterThan(5)
    expect(new Set(jtis).size).toBe(jtis.length)
    expect(await service?.stop()).toBe(0)
    expect(service?.output()).not.toMatch(/"level":"error"/)
  })
}
