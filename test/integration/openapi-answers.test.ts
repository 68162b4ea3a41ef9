import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Answer,
  type Call,
  type Consented,
  consent,
  createCall,
} from '../../scripts/stack/portal-client.ts'
import type { Stack } from '../../scripts/stack/stack.ts'
import { startStack } from '../support/watched-stack.ts'
import { problemsOf, type Schema } from '../unit/portal/support/json-schema.ts'

type Media = Readonly<Record<string, { readonly schema: Schema }>>
interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly responses: Readonly<Record<string, { readonly content?: Media }>> }
        >
      >
    >
  >
}

let stack: Stack
let call: Call
let document: Document
let consented: Consented
let connectionId: string

beforeAll(async () => {
  stack = await startStack()
  call = createCall(stack.url, stack.apiKey())
  document = (await (await fetch(`${stack.url}/openapi.json`)).json()) as Document
})
afterAll(() => stack.close())

/** Finds what the document says of an answer; empty when the answer is as documented. */
function deviations(route: string, { status, headers, body }: Answer): readonly string[] {
  const [method = '', path = ''] = route.split(' ')
  const response = document.paths[path]?.[method.toLowerCase()]?.responses[status]
  if (response === undefined) return [`${status} is not documented`]
  const type = headers.get('content-type')?.split(';')[0] ?? ''
  if (response.content === undefined) return body === null ? [] : ['has a body']
  const media = response.content[type]
  return media === undefined
    ? [`${type} is not documented`]
    : problemsOf(media.schema, body, document)
}

const fields = () => ({
  program: stack.programId,
  tenantRef: 'cust-1001',
  returnUrl: stack.portals[0]?.returnUrl ?? '',
})
const complete = (proof: object) =>
  call('POST', `/v1/connect-sessions/${consented.session.body.id}/complete`, proof)
const of = (suffix = '') => `/v1/connections/${connectionId}${suffix}`

/** In the order of a connection's life: each step needs those before it. */
describe('the service answers as documented', () => {
  it('when a session is begun, read and completed', async () => {
    const refused = await call('POST', '/v1/connect-sessions', { program: 1, surprise: true })
    consented = await consent({ call, ...fields(), session: { tenant_name: 'Fernhill Logistics' } })
    const path = `/v1/connect-sessions/${consented.session.body.id}`
    const waiting = await call('GET', path)
    const proof = { result_code: consented.resultCode, code_verifier: consented.verifier }
    const wrong = await complete({ ...proof, code_verifier: 'x'.repeat(43) })
    const completed = await complete(proof)
    const done = await call('GET', path)
    connectionId = completed.body.id

    expect([refused.status, consented.session.status, completed.status]).toEqual([422, 201, 200])
    expect(deviations('POST /v1/connect-sessions', refused)).toEqual([])
    expect(deviations('POST /v1/connect-sessions', consented.session)).toEqual([])
    expect(waiting.body.status).toBe('awaiting_completion')
    expect(deviations('GET /v1/connect-sessions/{id}', waiting)).toEqual([])
    expect(wrong.status).toBe(422)
    expect(deviations('POST /v1/connect-sessions/{id}/complete', wrong)).toEqual([])
    expect(deviations('POST /v1/connect-sessions/{id}/complete', completed)).toEqual([])
    expect(done.body).toMatchObject({ status: 'completed', connection_id: connectionId })
    expect(deviations('GET /v1/connect-sessions/{id}', done)).toEqual([])
  })

  it('when the same completion is sent again', async () => {
    const proof = { result_code: consented.resultCode, code_verifier: consented.verifier }

    const again = await complete(proof)

    expect(again.status).toBe(200)
    expect(again.body.id).toBe(connectionId)
    expect(deviations('POST /v1/connect-sessions/{id}/complete', again)).toEqual([])
  })

  it('when a customer who is connected is to be connected', async () => {
    const { program, tenantRef, returnUrl } = fields()
    const body = { program, tenant_ref: tenantRef, return_url: returnUrl }

    const exists = await call('POST', '/v1/connect-sessions', {
      ...body,
      code_challenge: 'a'.repeat(43),
    })

    expect(exists.body).toMatchObject({ code: 'connection_exists', connection_id: connectionId })
    expect(deviations('POST /v1/connect-sessions', exists)).toEqual([])
  })

  it('when a token is made, and when one is at hand', async () => {
    const made = await call('POST', of('/token'))
    const atHand = await call('POST', of('/token'))
    const tooLong = await call('POST', of('/token'), { min_ttl_seconds: 1800 })

    expect(made.status).toBe(200)
    expect(atHand.body).toEqual(made.body)
    expect(deviations('POST /v1/connections/{id}/token', made)).toEqual([])
    expect(deviations('POST /v1/connections/{id}/token', atHand)).toEqual([])
    expect(tooLong.status).toBe(422)
    expect(deviations('POST /v1/connections/{id}/token', tooLong)).toEqual([])
  })

  it('when trust is there, and when it is missing', async () => {
    const there = await call('POST', of('/verify'))
    stack.sandbox.control({ trust: { fernhill: false } })
    const missing = await call('POST', of('/verify'))

    expect(there.status).toBe(200)
    expect(deviations('POST /v1/connections/{id}/verify', there)).toEqual([])
    expect(missing.body).toMatchObject({
      code: 'trust_missing',
      connection_id: connectionId,
      partner_id: expect.any(String),
      customer_message: expect.stringContaining('partner ID'),
    })
    expect(deviations('POST /v1/connections/{id}/verify', missing)).toEqual([])
  })

  it('when connections are read and listed', async () => {
    const one = await call('GET', of())
    const all = await call('GET', '/v1/connections?limit=1')
    const refused = await call('GET', '/v1/connections?limit=0&surprise=1')

    expect(one.body.status).toBe('trust_missing')
    expect(deviations('GET /v1/connections/{id}', one)).toEqual([])
    expect(all.body.data).toEqual([one.body])
    expect(deviations('GET /v1/connections', all)).toEqual([])
    expect(refused.status).toBe(422)
    expect(deviations('GET /v1/connections', refused)).toEqual([])
  })

  it('when the customer has withdrawn the consent', async () => {
    const { token_id: rejected } = (await call('POST', of('/token'))).body
    stack.sandbox.control({ revokeConsent: 'ada' })

    const refused = await call('POST', of('/token'), { rejected })
    const connection = await call('GET', of())

    expect(refused.body).toMatchObject({
      code: 'consent_required',
      connection_id: connectionId,
      connect_url: `${stack.portals[0]?.reconnectUrl}?connection_id=${connectionId}`,
    })
    expect(deviations('POST /v1/connections/{id}/token', refused)).toEqual([])
    expect(connection.body.status).toBe('consent_required')
    expect(deviations('GET /v1/connections/{id}', connection)).toEqual([])
  })

  it('when a connection is deleted, and when it is gone', async () => {
    const deleted = await fetch(`${stack.url}${of()}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${stack.apiKey()}`, prefer: 'return=representation' },
    })
    const { status, headers } = deleted
    const answer = { status, headers, body: await deleted.json() }
    const gone = await call('DELETE', of())

    expect(status).toBe(200)
    expect(headers.get('knoxgate-upstream-revoked')).toBe('false')
    expect(deviations('DELETE /v1/connections/{id}', answer)).toEqual([])
    expect(gone.status).toBe(404)
    expect(deviations('DELETE /v1/connections/{id}', gone)).toEqual([])
  })
})
