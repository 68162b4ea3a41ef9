import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { consent, createVerifier } from '../../../scripts/stack/portal-client.ts'
import { AUDIT_KEY } from '../../../src/audit/sink-redis.ts'
import { head, sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { expire } from '../../support/stored-connection.ts'

/** What would end a line, move a cursor, or hide the rest, for one reader of logs or another. */
const ENDINGS = ['\r\n', '\n', '\r', '\u2028', '\u2029', '\u0085', '\u001b[2K', '\u202e', '\u0000']
const FORGED = '{"level":"error","event":"forged"}'
/** The line that somebody wants to have written, behind everything that might make it one. */
const INJECTED = ENDINGS.map((ending) => `x${ending}${FORGED}`).join('')
/** The same where no control character may be. */
const PRINTABLE = INJECTED.replaceAll(/[^\x20-\x7e]/g, '?')
// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/

let rig: Rig

beforeAll(async () => {
  rig = await startRig({ env: { LOG_LEVEL: 'debug' } })
  await everyInput()
})
afterAll(() => rig?.close())

const encoded = encodeURIComponent(INJECTED)

async function everyInput(): Promise<void> {
  const { stack, call } = rig
  const returnUrl = stack.portals[0]?.returnUrl ?? ''
  await addresses(stack.url)
  await bareHeads(stack.url)
  await call('POST', '/v1/connect-sessions', {
    program: INJECTED,
    tenant_ref: INJECTED,
    tenant_name: INJECTED,
    return_url: INJECTED,
    code_challenge: INJECTED,
    locale: INJECTED,
    [INJECTED]: INJECTED,
  })
  // As far as an operator's key goes: names of portals, keys and freezes.
  const operator = { authorization: `Bearer ${stack.adminToken}` }
  const json = { ...operator, 'content-type': 'application/json' }
  const adminUrl = stack.services[0]?.adminUrl
  const body = JSON.stringify({ target: 'portal', id: INJECTED, reason: INJECTED })
  await fetch(`${adminUrl}/admin/v1/freezes`, { method: 'POST', headers: json, body })
  await fetch(`${adminUrl}/admin/v1/portals/${encoded}/keys`, { headers: operator })
  await consent({ call, program: stack.programId, tenantRef: 'tenant-2', returnUrl }).then(
    ({ session }) =>
      call('POST', `/v1/connect-sessions/${session.body.id}/complete`, {
        result_code: INJECTED,
        code_verifier: createVerifier().verifier,
      }),
  )
  await whatSamsungSays()
}

async function addresses(url: string): Promise<void> {
  const authorization = `Bearer ${rig.stack.apiKey()}`
  for (const path of [
    `/v1/connections/${encoded}`,
    `/v1/connections?cursor=${encoded}&${encoded}=1`,
    `/connect/${encoded}`,
    `/callback/${encoded}?code=${encoded}&state=${encoded}`,
    `/callback/emm-eu?error=${encoded}&error_description=${encoded}&state=cs_x.${encoded}`,
    `/${encoded}`,
  ])
    await fetch(url + path, { headers: { authorization }, redirect: 'manual' })
}

/** Lines that no client would send. */
async function bareHeads(url: string): Promise<void> {
  const bytes = Buffer.from(INJECTED.replaceAll(/[\r\n\0]/g, ''), 'utf8').toString('latin1')
  for (const name of ['User-Agent', 'Traceparent', 'X-Forwarded-For', 'Authorization', 'Cookie'])
    await sendRaw(
      url,
      Buffer.from(head('GET /v1/connections HTTP/1.1', `${name}: ${bytes}`), 'latin1'),
    )
  await sendRaw(url, Buffer.from(head(`GET /${bytes} HTTP/1.1`), 'latin1'))
  await sendRaw(url, head(`${PRINTABLE} / HTTP/1.1`))
  await sendRaw(url, head('GET /v1/connections HTTP/1.1', `Authorization: Bearer ${PRINTABLE}`))
}

async function whatSamsungSays(): Promise<void> {
  const { sandbox } = rig
  const id = await rig.connect('tenant-1')
  const told = { error: INJECTED, error_code: INJECTED, error_description: INJECTED }
  const knox = { code: INJECTED, message: [INJECTED], errorId: INJECTED }
  for (const [on, status, body] of [
    ['token', 400, told],
    ['token', 503, told],
    ['ams', 403, knox],
    ['ams', 500, knox],
  ] as const) {
    sandbox.addFault({ on, do: { kind: 'status', status, body } })
    await expire(rig.db, id)
    await rig.token(id)
    sandbox.clearFaults()
  }
}

const linesOf = () => rig.stack.services.flatMap(({ output }) => output().trimEnd().split('\n'))

describe('what comes from outside', () => {
  it('was heard of: requests, refusals, and what Samsung said', () => {
    const events = new Set(linesOf().map((line) => JSON.parse(line).event))

    for (const event of ['request', 'request_refused', 'api_key_refused', 'refresh_refused'])
      expect([...events]).toContain(event)
  })

  it('makes no line of the log, and moves nothing in one', () => {
    for (const line of linesOf()) {
      const entry = JSON.parse(line)
      expect([entry.service, entry.event]).toEqual(['knoxgate', expect.any(String)])
      expect(entry.event).not.toBe('forged')
      expect([entry.event, UNSAFE.exec(line)?.[0]]).toEqual([entry.event, undefined])
      // Not inside of a text either, where somebody who unpacks it would print it.
      expect([entry.event, UNSAFE.test(Object.values(entry).join(' '))]).toEqual([
        entry.event,
        false,
      ])
    }
  })

  it('makes no entry of the audit trail, and is plain text in one', async () => {
    const stored = await rig.db.xrange(AUDIT_KEY, '-', '+')
    const entries = stored.flatMap(([, fields]) =>
      JSON.parse(fields.find((field) => field.startsWith('{')) ?? ''),
    )

    expect(entries.length).toBeGreaterThan(3)
    for (const entry of entries) {
      expect(entry.event).not.toBe('forged')
      expect([entry.event, UNSAFE.test(Object.values(entry).join(' '))]).toEqual([
        entry.event,
        false,
      ])
    }
  })
})
