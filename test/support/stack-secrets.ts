import { createPrivateKey } from 'node:crypto'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Canary } from './canary.ts'
import type { HeardAnswer } from './heard-answers.ts'

/** Makes known what a service is configured with, and every form of it that could be printed. */
export function addConfiguration(canary: Canary, env: Readonly<Record<string, string>>): void {
  const given = (name: string) => env[name] ?? ''
  const add = (name: string, secret: string | Uint8Array) => {
    if (secret.length >= 12) canary.add(name, secret)
  }
  add('client secret', given('STACK_CLIENT_SECRET'))
  add('client identifier', given('STACK_CLIENT_IDENTIFIER'))
  for (const name of ['API_KEY_PEPPER', 'ADMIN_TOKEN', 'ADMIN_READ_TOKEN']) {
    add(name, given(name))
    add(name, Buffer.from(given(name), 'base64'))
  }
  for (const [, key = ''] of given('VAULT_KEYS').matchAll(/[\w.-]+:([\w+/=]{40,})/g)) {
    add('vault key', key)
    add('vault key', Buffer.from(key, 'base64'))
  }
  const password = /^rediss?\S*?:\/\/[^:@/]*:([^@/]+)@/.exec(given('REDIS_URL'))?.[1]
  add('redis password', decodeURIComponent(password ?? ''))
}

/** Makes an API key known, whole and by its random part. */
export function addApiKey(canary: Canary, apiKey: string): void {
  canary.add('api key', apiKey)
  canary.add('api key', apiKey.slice(-43))
}

/** Makes the private key known, by its end in either encoding and by each of its numbers. */
export function addPrivateKey(canary: Canary, { registration }: Sandbox): void {
  const der = Buffer.from(registration.knox.keys.Private, 'base64')
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  canary.add('private key', der.subarray(-64))
  canary.add('private key', key.export({ format: 'der', type: 'pkcs1' }).subarray(-64))
  const { d = '', p = '', q = '', dp = '', dq = '', qi = '' } = key.export({ format: 'jwk' })
  for (const part of [d, p, q, dp, dq, qi])
    canary.add('private key', Buffer.from(part, 'base64url'))
}

/** Makes known whatever Samsung has issued and still knows. */
export function addIssued(canary: Canary, { state }: Sandbox): void {
  const { codes, accessTokens, refreshTokens, kcsTokens } = state
  for (const code of codes.keys()) canary.add('code', code)
  for (const token of accessTokens.keys()) canary.add('access token', token)
  for (const token of refreshTokens.keys()) canary.add('refresh token', token)
  for (const token of kcsTokens.keys()) canary.add('kcs token', token)
}

/** Makes known what was handed out in answers, and proven with in requests that were accepted. */
export function addAnswered(canary: Canary, answer: HeardAnswer): void {
  const { url, status, body, headers, requestBody } = answer
  const add = (name: string, secret: string | undefined) => {
    if (secret !== undefined) canary.add(name, secret)
  }
  add('signed token', /"x-knox-apitoken":"([^"]+)"/.exec(body)?.[1])
  const made = /"api_key":"(kg_[^"]+)"/.exec(body)?.[1]
  if (made !== undefined) addApiKey(canary, made)
  // What a browser brings to Samsung was made here; what comes to us anybody may have made up.
  if (url.includes('/signInGate')) add('state', STATE.exec(url)?.[1])
  for (const [name, value] of headers) {
    if (name.toLowerCase() === 'set-cookie')
      add('flow cookie', /^__Host-kg_\w+=([^;]{12,});/.exec(value)?.[1])
    if (name.toLowerCase() === 'location') add('result code', RESULT_CODE.exec(value)?.[1])
  }
  if (/\/complete$/.test(url) && status === 200)
    add('code verifier', /"code_verifier":"([^"]{43,})"/.exec(requestBody)?.[1])
}

const STATE = /[?&]state=cs_\w+\.([\w-]{22,})/
const RESULT_CODE = /[?&]result_code=([\w-]{43})/
