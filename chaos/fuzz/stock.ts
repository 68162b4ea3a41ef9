import { createHttpBrowser } from '../../scripts/stack/http-browser.ts'
import {
  type Call,
  connect,
  consent,
  createCall,
  createVerifier,
} from '../../scripts/stack/portal-client.ts'
import type { Rig } from '../../test/support/service-rig.ts'
import type { Values } from './bytes.ts'
import { PORTALS } from './portals.ts'
import { COUNTS } from './words.ts'

/** What fuzzed requests name: ids, keys and one-time values of this run. */
export interface Stock {
  readonly foreign: readonly string[]
  values(): Values
  /** Keeps a value that an answer has told. */
  learn(name: string, value: string): void
  /** Lifts freezes, and makes anew what was deleted or used up. */
  restock(): Promise<void>
}

const { own, other, scratch } = PORTALS

const range = (count: number) => Array.from({ length: count }, (_, n) => n)

/** @param admin - The operator's calls. */
export async function createStock(rig: Rig, admin: Call): Promise<Stock> {
  const { stack } = rig
  const { url, programId: program } = stack
  const callOther = createCall(url, stack.apiKey(other.id))
  const values = new Map<string, string>([
    ['program', program],
    ['public_url', stack.env.PUBLIC_URL ?? ''],
    ['return_url', own.returnUrl],
    ['challenge', createVerifier().challenge],
    ['scratch', scratch.id],
    ['operate', stack.adminToken],
    ['key:full', stack.apiKey(own.id)],
    ['key:other_portal', stack.apiKey(scratch.id)],
  ])

  async function newKey(portalId: string, scopes: readonly string[]) {
    const { status, body } = await admin('POST', `/admin/v1/portals/${portalId}/keys`, { scopes })
    if (status !== 201) throw new Error(`no key: ${status} ${JSON.stringify(body)}`)
    return { apiKey: String(body.api_key), id: String(body.key.id) }
  }

  async function makeKeys(): Promise<void> {
    values.set('key:reader', (await newKey(own.id, ['connections:read'])).apiKey)
    const ended = await newKey(own.id, ['connections:read'])
    await admin('DELETE', `/admin/v1/portals/${own.id}/keys/${ended.id}`)
    values.set('key:ended', ended.apiKey)
  }

  const foreign: string[] = []
  async function makeForeign(): Promise<void> {
    for (const n of range(COUNTS.foreign)) {
      const { returnUrl } = other
      const made = await connect({ call: callOther, program, tenantRef: `other-${n}`, returnUrl })
      values.set(`foreign:${n}`, made.body.id)
      foreign.push(made.body.id)
    }
    for (const n of range(COUNTS.foreign_session)) {
      const session = await newSession(callOther, other.returnUrl, `other-session-${n}`)
      values.set(`foreign_session:${n}`, session.id)
    }
  }

  async function newSession(call: Call, returnUrl: string, tenantRef: string) {
    const { verifier, challenge } = createVerifier()
    const { status, body } = await call('POST', '/v1/connect-sessions', {
      program,
      tenant_ref: tenantRef,
      return_url: returnUrl,
      code_challenge: challenge,
    })
    if (status !== 201) throw new Error(`no session: ${status} ${JSON.stringify(body)}`)
    return { id: String(body.id), url: String(body.connect_url), verifier }
  }

  /** A session whose browser is at Samsung, so that a state, a cookie and a form's token are known. */
  async function makeSession(n: number): Promise<void> {
    const { id, url: link, verifier } = await newSession(rig.call, own.returnUrl, `session-${n}`)
    const browser = createHttpBrowser()
    const page = await browser.open(link)
    const away = await browser.press(page, { name: 'action', value: 'continue' })
    const state = /[?&;]state=([^&"]+)/.exec(away.html)?.[1] ?? ''
    const [cookie] = [...(browser.cookies.get(new URL(link).host) ?? [])]
    values.set(`session:${n}`, id)
    values.set(`csrf:${n}`, /name="csrf_token" value="([^"]*)"/.exec(page.html)?.[1] ?? '')
    values.set(`state:${n}`, decodeURIComponent(state))
    values.set(
      `cookie:${n}`,
      cookie === undefined ? 'x=y' : `${cookie[0].replace('__Host-', '')}=${cookie[1]}`,
    )
    values.set(`verifier:${n}`, verifier)
    values.set(`result_code:${n}`, 'r'.repeat(43))
  }

  /** A session that only has to be completed. */
  async function makeReturned(n: number): Promise<void> {
    const { returnUrl } = own
    const tenantRef = `returned-${performance.now()}`
    const walked = await consent({ call: rig.call, program, tenantRef, returnUrl })
    values.set(`session:${n}`, walked.session.body.id)
    values.set(`verifier:${n}`, walked.verifier)
    values.set(`result_code:${n}`, walked.resultCode ?? '')
  }

  async function makeOwn(n: number): Promise<void> {
    const known = values.get(`own:${n}`)
    const found = known === undefined ? null : await rig.call('GET', `/v1/connections/${known}`)
    const isThere = known !== undefined && found?.status === 200
    const id = isThere ? known : await rig.connect(`own-${n}`, n % 2 === 0 ? 'ada' : 'ben')
    const token = await rig.token(id)
    values.set(`own:${n}`, id)
    values.set(`token_id:${n}`, String(token.body?.token_id))
  }

  async function makeKey(n: number): Promise<void> {
    values.set(`key:${n}`, (await newKey(scratch.id, ['connections:read'])).id)
  }

  async function liftFreezes(): Promise<void> {
    const { body } = await admin('GET', '/admin/v1/freezes')
    for (const { target, id } of body.data) {
      const place = new URLSearchParams({ target, ...(id === undefined ? {} : { id }) })
      await admin('DELETE', `/admin/v1/freezes?${place}`)
    }
  }

  /** All but one key of the portal whose keys are changed; there may be only so many. */
  async function clearKeys(): Promise<void> {
    const path = `/admin/v1/portals/${scratch.id}/keys`
    const { body } = await admin('GET', path)
    for (const { id, source } of body.data)
      if (source !== 'config') await admin('DELETE', `${path}/${id}`)
  }

  async function restock(): Promise<void> {
    await liftFreezes()
    await clearKeys()
    for (const n of range(COUNTS.key)) await makeKey(n)
    for (const n of range(COUNTS.own)) await makeOwn(n)
    for (const n of range(COUNTS.session)) await (n === 0 ? makeReturned(n) : makeSession(n))
  }

  await makeKeys()
  await makeForeign()
  await restock()
  const learn = (name: string, value: string) => void values.set(name, value)
  return { foreign, values: () => values, learn, restock }
}
