import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { type Call, createCall } from '../../scripts/stack/portal-client.ts'
import type { Rig } from './service-rig.ts'

/** A process with limits of its own, which has counted nothing yet. */
export interface LimitedService {
  readonly url: string
  readonly adminUrl: string
  /** The first portal's calls. */
  readonly call: Call
  /** Another portal's calls. */
  callOf(portalId: string): Call
  /** One metric, with its labels as they are printed. */
  metric(name: string): Promise<number>
  /** Events that it has logged. */
  events(name: string): readonly Readonly<Record<string, unknown>>[]
  stop(): Promise<unknown>
}

/** Windows do not end while a test runs, and a busy machine is no reason for another answer. */
const PATIENT = { LIMITS_WINDOW: '1h', STORE_TIMEOUT: '10s', STORE_REQUEST_BUDGET: '20s' }

/**
 * Starts one more process on a rig.
 *
 * @param settings - Without the `KNOXGATE_` of their variables.
 */
export async function startLimited(
  rig: Rig,
  settings: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<LimitedService> {
  const named = Object.entries({ ...PATIENT, ...settings }).map(([name, value]) => [
    `KNOXGATE_${name}`,
    value,
  ])
  const { service } = await rig.another({ ...Object.fromEntries(named), ...env })
  const { adminUrl, output, stop } = service
  // A socket for both families is reached by IPv4 here.
  const url = service.url.replace(/\[::ffff:[^\]]+\]/, '127.0.0.1')
  const callOf = (portalId?: string) => createCall(url, rig.stack.apiKey(portalId))

  return {
    url,
    adminUrl,
    call: callOf(),
    callOf,
    async metric(name) {
      const headers = { authorization: `Bearer ${rig.stack.adminToken}` }
      const text = await (await fetch(`${adminUrl}/metrics`, { headers })).text()
      const line = text.split('\n').find((one) => one.startsWith(`${name} `))
      if (line === undefined) throw new Error(`no metric ${name}`)
      return Number(line.split(' ').at(-1))
    },
    events: (name) =>
      output()
        .split('\n')
        .filter((line) => line.includes(`"event":"${name}"`))
        .map((line) => JSON.parse(line)),
    stop,
  }
}

/** A request as somebody else would send it, as far as headers and the address of the socket go. */
export function askFrom(
  url: string,
  { headers = {}, from = '127.0.0.1' }: { readonly headers?: object; readonly from?: string },
): Promise<{ readonly status: number; readonly headers: object; readonly body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { ...headers }, localAddress: from, agent: false })
      .on('response', (res) => {
        let body = ''
        res.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
        })
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }))
      })
      .on('error', reject)
      .end()
  })
}

/** Sends so many at the same time; how many were served, and how many were too many. */
export async function burst(
  times: number,
  send: () => Promise<{ readonly status: number }>,
): Promise<readonly [served: number, tooMany: number]> {
  const answers = await Promise.all(Array.from({ length: times }, send))
  const count = (status: number) => answers.filter((answer) => answer.status === status).length
  return [count(200), count(429)]
}

/** Sends requests without a key behind one another, each from another address; the statuses. */
export async function flood(url: string, lane: number, times: number): Promise<readonly string[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const heads = Array.from({ length: times }, (_, at) => {
    const address = `10.${lane}.${at >> 8}.${at & 255}`
    const connection = at === times - 1 ? 'close' : 'keep-alive'
    return `GET /v1/connections HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nX-Forwarded-For: ${address}\r\n\r\n`
  })
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  socket.write(heads.join(''))
  await once(socket, 'close')
  return [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code = '']) => code)
}
