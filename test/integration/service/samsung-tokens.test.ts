import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ConsentOptions, connect, consent } from '../../../scripts/stack/portal-client.ts'
import { type Canary, createCanary } from '../../support/canary.ts'
import { type HeardAnswer, listenToAnswers } from '../../support/heard-answers.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { addIssued } from '../../support/stack-secrets.ts'
import { expire } from '../../support/stored-connection.ts'

/*
 * One journey past every route, with all that Samsung may do on the way; afterwards all answers are searched
 * for what Samsung Account has issued. Nothing is left out, the tokens that are handed out included.
 */

const JOURNEY_MS = 60_000
const OF_SAMSUNG_ACCOUNT = ['access token', 'refresh token']

/** Of programs without consent; and the sandbox has no call to Knox by these methods. */
const REFUSED_HERE: ReadonlySet<string> = new Set([
  'POST /v1/connections',
  'POST /v1/connections/{id}/knox/{path}',
  'DELETE /v1/connections/{id}/knox/{path}',
])

let rig: Rig
let answers: readonly HeardAnswer[]
let canary: Canary

beforeAll(async () => {
  rig = await startRig({ env: { KNOXGATE_REFRESH_BACKOFF_MIN: '1ms' } })
  const listening = listenToAnswers()
  await connectInEveryShape()
  const id = await useConnection()
  await letSamsungFail(id)
  await loseConsent(id)
  await lookAsOperator()
  await rig.call('DELETE', `/v1/connections/${id}`)
  await rig.token(id)
  const ports = [rig.stack.url, rig.stack.services[0]?.adminUrl ?? ''].map(
    (url) => new URL(url).port,
  )
  answers = (await listening.answers()).filter(({ url }) => ports.includes(new URL(url).port))
  listening.stop()
  canary = createCanary()
  addIssued(canary, rig.sandbox)
}, JOURNEY_MS)
afterAll(() => rig?.close())

const asPortal = (tenantRef: string): ConsentOptions => ({
  call: rig.call,
  program: rig.stack.programId,
  tenantRef,
  returnUrl: rig.stack.portals[0]?.returnUrl ?? '',
})

async function connectInEveryShape(): Promise<void> {
  for (const callbackShape of ['query', 'form_post', 'json_code'] as const) {
    rig.sandbox.control({ callbackShape, revokeConsent: 'ada' })
    const { session, resultCode, verifier } = await consent(asPortal(callbackShape))
    const path = `/v1/connect-sessions/${session.body.id}`
    const proof = { result_code: resultCode, code_verifier: verifier }
    await rig.call('GET', path)
    for (const _ of [1, 2]) await rig.call('POST', `${path}/complete`, proof)
    await rig.call('GET', path)
  }
  rig.sandbox.control({ callbackShape: null, revokeConsent: 'ada' })
  await consent({ ...asPortal('denied'), decision: 'deny' })
}

/** Tokens at hand, new ones, and token sets that are renewed. */
async function useConnection(): Promise<string> {
  const id = await rig.connect('tenant')
  for (const _ of [1, 2]) {
    const { body } = await rig.token(id)
    await rig.token(id)
    await rig.token(id, { min_ttl_seconds: 100 })
    await rig.token(id, { rejected: body.token_id })
    await expire(rig.db, id)
  }
  await rig.token(id)
  await rig.call('POST', `/v1/connections/${id}/verify`)
  await rig.call('GET', `/v1/connections/${id}`)
  await rig.call('GET', '/v1/connections')
  await rig.call('POST', '/v1/connections', { program: rig.stack.programId, tenant_ref: 'other' })
  const profiles = `/v1/connections/${id}/knox/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1`
  for (const method of ['GET', 'POST', 'DELETE']) await rig.call(method, profiles)
  return id
}

/** Samsung repeats what it was sent and what it has issued, wherever it can say something. */
async function letSamsungFail(id: string): Promise<void> {
  const { sandbox } = rig
  const access = [...sandbox.state.accessTokens.keys()].at(-1)
  const live = [...sandbox.state.refreshTokens].findLast(([, one]) => one.status === 'live')?.[0]
  const words = `${access} ${live}`
  const oauth = { error: live, error_code: access, error_description: words, access_token: access }
  const knox = { code: live, message: [words], data: [access], errorId: access }
  for (const status of [400, 403, 429, 500, 200]) {
    sandbox.addFault({ on: 'token', do: { kind: 'status', status, body: oauth } })
    await expire(rig.db, id)
    await rig.token(id)
    await rig.call('GET', `/v1/connections/${id}`)
  }
  sandbox.clearFaults()
  await connect({ ...asPortal('tenant'), session: { connection_id: id } })
  for (const status of [400, 401, 403, 429, 500]) {
    sandbox.addFault({ on: 'ams', do: { kind: 'status', status, body: knox } })
    await expire(rig.db, id)
    await rig.token(id)
    await rig.call('GET', `/v1/connections/${id}`)
  }
  sandbox.addFault({ on: 'kme', do: { kind: 'status', status: 403, body: knox } })
  await rig.call('POST', `/v1/connections/${id}/verify`)
  sandbox.clearFaults()
}

async function loseConsent(id: string): Promise<void> {
  rig.sandbox.control({ revokeConsent: 'ada' })
  await expire(rig.db, id)
  await rig.token(id)
  await rig.call('GET', `/v1/connections/${id}`)
  const session = { connection_id: id }
  await connect({ ...asPortal('tenant'), session, administrator: 'ben' })
  await connect({ ...asPortal('tenant'), session })
  await rig.token(id)
}

async function lookAsOperator(): Promise<void> {
  const { stack } = rig
  const headers = { authorization: `Bearer ${stack.adminToken}` }
  for (const path of ['/metrics', '/readyz?verbose', '/admin/v1/status', '/admin/v1/freezes'])
    await fetch(`${stack.services[0]?.adminUrl}${path}`, { headers })
  for (const path of ['/livez', '/readyz', '/openapi.json']) await fetch(stack.url + path)
}

const placeOf = ({ method, url, status }: HeardAnswer) =>
  `${status} ${method} ${new URL(url).pathname}`

describe('the journey', () => {
  it('goes past every route of the API, and every page', () => {
    const { paths } = JSON.parse(
      answers.find(({ url }) => url.endsWith('/openapi.json'))?.body ?? '',
    ) as { readonly paths: Readonly<Record<string, object>> }
    const documented = Object.entries(paths).flatMap(([path, item]) =>
      ['get', 'post', 'delete'].flatMap((method) =>
        method in item ? [`${method.toUpperCase()} ${path}`] : [],
      ),
    )
    const pages = ['GET /connect/{id}', 'POST /connect/{id}', 'GET /callback/emm-eu']
    const passed = new Set(
      answers.flatMap(({ method, url, status }) => {
        const path = new URL(url).pathname
          .replace(/(?:conn|cs)_\w{32}/, '{id}')
          .replace(/\/knox\/.+/, '/knox/{path}')
        const route = `${method} ${path}`
        return status < 400 || REFUSED_HERE.has(route) ? [route] : []
      }),
    )

    expect([...documented, ...pages].filter((route) => !passed.has(route))).toEqual([])
  })

  it('makes Samsung issue token sets, and is refused in every way', () => {
    const { accessTokens, refreshTokens } = rig.sandbox.state
    const codes = new Set(answers.map(({ body }) => /"code":"(\w+)"/.exec(body)?.[1]))

    expect(Math.min(accessTokens.size, refreshTokens.size)).toBeGreaterThan(8)
    for (const code of ['consent_required', 'account_mismatch', 'upstream_refused', 'not_found'])
      expect(codes).toContain(code)
  })
})

describe('a token of Samsung Account', () => {
  const others = () => canary.names.filter((name) => !OF_SAMSUNG_ACCOUNT.includes(name))

  it('is in no body and no header of an answer, however it is written', () => {
    const findings = answers.flatMap((answer) => [
      ...canary.find(placeOf(answer), answer.body, others()),
      ...answer.headers.flatMap(([name, value]) =>
        canary.find(`${placeOf(answer)} ${name}`, value, others()),
      ),
    ])

    expect(findings).toEqual([])
  })

  it('would be found in a token that is handed out, and none is there', () => {
    const given = answers.flatMap(({ body }) => /"x-knox-apitoken":"([^"]+)"/.exec(body)?.[1] ?? [])
    const [secret] = rig.sandbox.state.accessTokens.keys()
    const [head, , signature] = (given[0] ?? '').split('.')
    const claims = Buffer.from(JSON.stringify({ accessToken: secret })).toString('base64url')

    expect(given.length).toBeGreaterThan(8)
    expect(given.flatMap((token) => canary.find('handed out', token, others()))).toEqual([])
    expect(canary.find('planted', `${head}.${claims}.${signature}`, others())).not.toEqual([])
  })
})
