import { randomBytes } from 'node:crypto'
import { type ConsentOptions, connect, consent } from '../../../scripts/stack/portal-client.ts'
import { type Canary, createCanary } from '../../support/canary.ts'
import { eventually } from '../../support/eventually.ts'
import { head, sendRaw } from '../../support/raw-http.ts'
import {
  type RecordedExchange,
  type RecordedFetch,
  recordFetch,
} from '../../support/recorded-fetch.ts'
import { type CommandWatch, watchCommands } from '../../support/redis-files.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import {
  addApiKey,
  addConfiguration,
  addIssued,
  addPrivateKey,
} from '../../support/stack-secrets.ts'
import { expire } from '../../support/stored-connection.ts'

/** Everything that a run with known secrets has left behind; the services still run. */
export interface CanaryRun {
  readonly rig: Rig
  readonly canary: Canary
  readonly exchanges: readonly RecordedExchange[]
  readonly watch: CommandWatch
  /** Answers on bare sockets. */
  readonly raw: string[]
  /** Addresses into which the run itself put secrets that do not belong there. */
  readonly stuffed: string[]
  close(): Promise<void>
}

const KEPT = ['--appendonly', 'yes', '--appendfsync', 'always', '--slowlog-log-slower-than', '0']
const PLAIN = ['--aof-use-rdb-preamble', 'no', '--slowlog-max-len', '10000']

/** Runs the whole job and everything that can go wrong in it, with the log at its most talkative. */
export async function runWithCanaries(): Promise<CanaryRun> {
  const canary = createCanary()
  const password = randomBytes(24).toString('hex')
  canary.add('redis password', password)
  const rig = await startRig({
    replicas: 2,
    redisArgs: [...KEPT, ...PLAIN, '--user', 'svc', 'on', `>${password}`, '~*', '&*', '+@all'],
    redisLogin: `svc:${password}`,
    env: { LOG_LEVEL: 'debug', KNOXGATE_REFRESH_BACKOFF_MIN: '1ms' },
    isUnwatched: true,
  })
  const recorded = recordFetch()
  const watch = await watchCommands(rig.db)
  const close = async () => {
    watch.stop()
    await rig.close()
  }
  try {
    const { exchanges } = recorded
    const run: CanaryRun = { rig, canary, exchanges, watch, raw: [], stuffed: [], close }
    knowConfiguration(canary, rig)
    await walk(run)
    await refuse(run)
    await breakSamsung(run)
    await breakStore(run)
    knowTokens(canary, rig, recorded)
    return run
  } catch (error) {
    await close()
    throw error
  } finally {
    recorded.stop()
  }
}

function knowConfiguration(canary: Canary, { stack, sandbox }: Rig): void {
  addConfiguration(canary, stack.env)
  addApiKey(canary, stack.apiKey())
  addPrivateKey(canary, sandbox)
}

/** Whatever Samsung issued, and whatever the service signed. */
function knowTokens(canary: Canary, { sandbox }: Rig, { exchanges }: RecordedFetch): void {
  addIssued(canary, sandbox)
  for (const { body } of exchanges) {
    const signed = /"x-knox-apitoken":"([^"]+)"/.exec(body)?.[1]
    if (signed !== undefined) canary.add('signed token', signed)
  }
}

const asPortal = ({ rig }: CanaryRun, tenantRef: string): ConsentOptions => ({
  call: rig.call,
  program: rig.stack.programId,
  tenantRef,
  returnUrl: rig.stack.portals[0]?.returnUrl ?? '',
})

/** Consent in one shape of the callback; makes the secrets of the walk known and returns them. */
async function consented(run: CanaryRun, tenantRef: string, session = {}) {
  const done = await consent({ ...asPortal(run, tenantRef), session })
  const { canary } = run
  canary.add('code verifier', done.verifier)
  canary.add('result code', done.resultCode ?? '')
  for (const { url } of run.exchanges) {
    const state = new URL(url).searchParams.get('state')
    if (state !== null) canary.add('state', state.slice(state.indexOf('.') + 1))
  }
  for (const [name, value] of run.exchanges.flatMap(({ headers }) => headers)) {
    const cookie = /^__Host-kg_\w+=([^;]+);/.exec(name === 'set-cookie' ? value : '')?.[1]
    if (cookie !== undefined) canary.add('flow cookie', cookie)
  }
  return done
}

async function walk(run: CanaryRun): Promise<void> {
  const { rig } = run
  for (const [callbackShape, tenant] of [
    ['query', 't1'],
    ['form_post', 't2'],
    ['json_code', 't3'],
  ] as const) {
    rig.sandbox.control({ callbackShape, revokeConsent: 'ada' })
    const { session, resultCode, verifier } = await consented(run, tenant)
    const proof = { result_code: resultCode, code_verifier: verifier }
    const path = `/v1/connect-sessions/${session.body.id}/complete`
    const { body } = await rig.call('POST', path, proof)
    await rig.call('POST', path, proof)
    await rig.token(body.id)
    await expire(rig.db, body.id)
    for (const call of rig.calls) await call('POST', `/v1/connections/${body.id}/token`)
    await rig.call('POST', `/v1/connections/${body.id}/verify`)
    await rig.call('GET', `/v1/connections/${body.id}`)
  }
  rig.sandbox.control({ callbackShape: null })
  await rig.call('GET', '/v1/connections')
  await everyAdminPage(rig)
}

async function everyAdminPage({ stack }: Rig): Promise<void> {
  const headers = { authorization: `Bearer ${stack.adminToken}` }
  for (const { adminUrl } of stack.services)
    for (const path of ['/metrics', '/readyz?verbose', '/admin/v1/status', '/nothing']) {
      await fetch(adminUrl + path, { headers })
    }
}

/** Secrets in places where they do not belong, and walks that end badly. */
async function refuse(run: CanaryRun): Promise<void> {
  const { rig, canary, raw } = run
  const { stack } = rig
  const key = stack.apiKey()
  const { session, landed, resultCode, verifier, browser } = await consented(run, 't4')
  const path = `/v1/connect-sessions/${session.body.id}/complete`
  await rig.call('POST', path, { result_code: verifier, code_verifier: resultCode })
  await rig.call('POST', path, { result_code: [resultCode], code_verifier: key, more: verifier })
  await rig.call('POST', `${path}?code_verifier=1`, { result_code: resultCode })
  for (const path of [`/v1/connections?cursor=${key}`, `/v1/${key}/x`, `/${verifier}?x=${key}`]) {
    run.stuffed.push(stack.url + path)
    await fetch(stack.url + path, { headers: { authorization: `Bearer ${key}` } })
  }
  const mistyped = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`
  canary.add('mistyped key', mistyped.slice(-43))
  for (const authorization of [`Bearer ${mistyped}`, `Basic ${btoa(`x:${mistyped}`)}`]) {
    await fetch(`${stack.url}/v1/connections`, { headers: { authorization } })
    await fetch(`${stack.services[0]?.adminUrl}/metrics`, { headers: { authorization } })
  }
  const callback = run.exchanges.findLast(({ url }) => url.includes('/callback/'))?.url ?? ''
  await fetch(callback, { redirect: 'manual' })
  await fetch(`${callback}&code=again`, { redirect: 'manual' })
  await browser.open(callback, (url) => url === landed.url)
  await fetch(callback.replace('?', '/continue?'), { method: 'POST' })
  const secrets = [`Authorization: Bearer ${key}`, `Cookie: __Host-kg_x=${resultCode}`]
  for (const broken of [
    'No colon here',
    'Bad\u0000name: 1',
    'Transfer-Encoding: gzip, chunked, x',
  ]) {
    raw.push((await sendRaw(stack.url, head('POST /v1/x HTTP/1.1', ...secrets, broken))).text)
  }
  raw.push((await sendRaw(stack.url, `${key} ${resultCode}\r\n\r\n`)).text)
}

/** Samsung errs and repeats what it was sent; odd and spoilt token responses. */
async function breakSamsung(run: CanaryRun): Promise<void> {
  const { rig } = run
  const { sandbox } = rig
  const made = await connect(asPortal(run, 't5'))
  const { id } = made.body
  const live = [...sandbox.state.refreshTokens].findLast(([, one]) => one.status === 'live')?.[0]
  const access = [...sandbox.state.accessTokens.keys()].at(-1)
  const echo = { error: live, error_code: access, error_description: `bad ${live} ${access}` }
  const knox = { code: access, message: [`bad ${access}`], data: [live], errorId: access }
  const renew = async () => {
    await expire(rig.db, id)
    await rig.token(id)
    await rig.call('GET', `/v1/connections/${id}`)
  }
  for (const status of [400, 403, 429, 500, 200])
    sandbox.addFault({ on: 'token', do: { kind: 'status', status, body: echo } })
  sandbox.addFault({ on: 'token', do: { kind: 'malformed' } })
  for (let attempt = 0; attempt < 6; attempt++) await renew()
  sandbox.clearFaults()
  const again = await connect({ ...asPortal(run, 't5'), session: { connection_id: id } })
  if (again.status !== 200) throw new Error(`not reconnected: ${JSON.stringify(again.body)}`)
  for (const change of [
    { tokenType: 'absent' },
    { scope: 'null', numbersAsStrings: true },
  ] as const) {
    sandbox.control(change)
    await renew()
  }
  for (const status of [400, 401, 403, 429, 500])
    sandbox.addFault({ on: 'ams', do: { kind: 'status', status, body: knox } })
  for (let attempt = 0; attempt < 5; attempt++) await renew()
  sandbox.clearFaults()
  sandbox.addFault({ on: 'kme', do: { kind: 'status', status: 403, body: knox } })
  await rig.call('POST', `/v1/connections/${id}/verify`)
  sandbox.addFault({ on: 'token', do: { kind: 'half_body' } })
  await renew()
  await rig.call('DELETE', `/v1/connections/${id}`)
}

/** The store refuses writes, whose arguments its client's errors hold; then it is gone for a while. */
async function breakStore(run: CanaryRun): Promise<void> {
  const { rig } = run
  const { session, resultCode, verifier } = await consented(run, 't6')
  const proof = { result_code: resultCode, code_verifier: verifier }
  const id = await rig.connect('t7', 'ben')
  const [, memory] = (await rig.db.config('GET', 'maxmemory')) as string[]
  await rig.db.config('SET', 'maxmemory', '1')
  await rig.call('POST', `/v1/connect-sessions/${session.body.id}/complete`, proof)
  await rig.token(id)
  await rig.db.config('SET', 'maxmemory', memory ?? '0')
  rig.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 300 } })
  const arrived = rig.sandbox.arrival('token')
  const completing = rig.call('POST', `/v1/connect-sessions/${session.body.id}/complete`, proof)
  await arrived
  await rig.db.client('KILL', 'USER', 'svc')
  await completing
  await eventually(async () => (await rig.token(id)).status === 200)
}
