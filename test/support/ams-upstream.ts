import { createPublicKey, createVerify, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What Samsung has on record of a two-legged program. */
export interface AmsRegistration {
  /** Base64 of the public key's SPKI DER; may be changed. */
  publicKey: string
  /** Those that are accepted; may be changed. */
  readonly clientIdentifiers: Set<string>
  /** Ids of the customers that the provider manages; null: the program is no provider's. */
  readonly managed: ReadonlySet<string> | null
}

export interface AmsUpstream {
  readonly url: string
  /** Validities as they were asked for; null where none was. */
  readonly exchanges: (number | null)[]
  /** Tenant headers of the reads that were served. */
  readonly reads: (string | undefined)[]
  /** Why requests were refused. */
  readonly refusals: string[]
  /** Life of the next tokens; the validity asked for, when null. */
  lifeSeconds: number | null
  /** How long an exchange takes. */
  delayMs: number
  /** Answers to the next exchanges, in order, in the place of Samsung's own. */
  readonly instead: ((res: ServerResponse) => void)[]
  close(): Promise<void>
}

class Refusal extends Error {
  readonly status: number
  readonly code: number
  constructor(status: number, code: number, why: string) {
    super(why)
    this.status = status
    this.code = code
  }
}

const BODY_FIELDS = [
  'base64EncodedStringPublicKey',
  'clientIdentifierJwt',
  'validityForAccessTokenInMinutes',
]

/** Samsung as strict as it can be, for programs without consent: protocol.md 3.2, 3.3 and 6. */
export async function startAms(registration: AmsRegistration): Promise<AmsUpstream> {
  const keyNow = () =>
    createPublicKey({
      key: Buffer.from(registration.publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    })
  const jtis = new Set<string>()
  const issued = new Map<string, number>()
  const state = { lifeSeconds: null as number | null, delayMs: 0 }
  const exchanges: (number | null)[] = []
  const reads: (string | undefined)[] = []
  const refusals: string[] = []
  const instead: ((res: ServerResponse) => void)[] = []

  function verified(
    jwt: string,
    own: 'clientIdentifier' | 'accessToken',
  ): Readonly<Record<string, unknown>> {
    const [head = '', body = '', signature = ''] = jwt.split('.')
    const header = decode(head)
    if (header.alg !== 'RS512' || header.typ !== 'JWT') throw bad('header')
    const isSigned = createVerify('RSA-SHA512')
      .update(`${head}.${body}`)
      .verify(keyNow(), Buffer.from(signature, 'base64url'))
    if (!isSigned) throw bad('signature')
    const claims = decode(body)
    const names = [own, 'publicKey', 'iat', 'exp', 'aud', 'jti']
    if (Object.keys(claims).join() !== names.join()) throw bad(`claims ${Object.keys(claims)}`)
    if (claims.aud !== 'KnoxWSM' || claims.publicKey !== registration.publicKey) throw bad('aud')
    const now = Date.now() / 1000
    if (!(Number(claims.iat) <= now + 2) || !(Number(claims.exp) > now)) throw bad('time')
    return claims
  }

  function exchange(body: Readonly<Record<string, unknown>>) {
    if (Object.keys(body).some((name) => !BODY_FIELDS.includes(name))) throw bad('fields')
    if (body.base64EncodedStringPublicKey !== registration.publicKey) throw bad('public key')
    const claims = verified(String(body.clientIdentifierJwt), 'clientIdentifier')
    const { clientIdentifier, jti } = claims
    if (!registration.clientIdentifiers.has(String(clientIdentifier))) throw bad('identifier')
    if (String(jti).length < 36) throw bad('jti')
    if (jtis.has(String(jti))) throw new Refusal(400, 4002250, 'used jti')
    jtis.add(String(jti))
    const minutes = body.validityForAccessTokenInMinutes
    const isValid = Number.isInteger(minutes) && Number(minutes) >= 1 && Number(minutes) <= 30
    if (minutes !== undefined && !isValid) throw new Refusal(400, 4002251, 'validity')
    exchanges.push(minutes === undefined ? null : Number(minutes))
    const now = Math.floor(Date.now() / 1000)
    const exp = now + (state.lifeSeconds ?? Number(minutes ?? 30) * 60)
    const token = { context: 'c', accessToken: randomUUID(), iat: now, exp, iss: 'AMS', jti: '1' }
    const parts = [{ alg: 'HS256' }, token, 'unsigned'].map((part) => encode(part))
    issued.set(parts.join('.'), exp)
    return { accessToken: parts.join('.') }
  }

  function read(req: IncomingMessage) {
    const claims = verified(String(req.headers['x-knox-apitoken']), 'accessToken')
    const exp = issued.get(String(claims.accessToken))
    if (exp === undefined) throw new Refusal(403, 4032252, 'token')
    if (exp <= Date.now() / 1000) throw new Refusal(403, 4032251, 'expired')
    const tenant = req.headers['x-wsm-managed-tenantid']
    const named = typeof tenant === 'string' ? tenant : undefined
    const { managed } = registration
    const isRight = managed === null ? named === undefined : managed.has(named ?? '')
    if (!isRight) throw new Refusal(400, 4002113, 'CUSTOMER_NOT_MANAGED_BY_MSP')
    reads.push(named)
    return { totalCount: 0, profiles: [] }
  }

  async function answer(req: IncomingMessage, text: string): Promise<object> {
    const path = `${req.method} ${req.url?.split('?')[0]}`
    if (path === 'GET /kcs/v1/kme/profiles/list') return read(req)
    if (path !== 'POST /ams/v1/users/accesstoken') throw new Refusal(404, 4040000, path)
    if (req.headers['content-type'] !== 'application/json') throw bad('content type')
    await new Promise((resolve) => setTimeout(resolve, state.delayMs))
    return exchange(JSON.parse(text))
  }

  const server = createServer((req, res) => {
    let text = ''
    req.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    req.on('end', () => {
      const own = req.method === 'POST' ? instead.shift() : undefined
      if (own !== undefined) return own(res)
      answer(req, text).then(
        (body) => send(res, 200, body),
        (error: unknown) => {
          if (!(error instanceof Refusal)) throw error
          refusals.push(error.message)
          send(res, error.status, { code: error.code, message: error.message, data: '' })
        },
      )
      return undefined
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    exchanges,
    reads,
    refusals,
    instead,
    get lifeSeconds() {
      return state.lifeSeconds
    },
    set lifeSeconds(seconds) {
      state.lifeSeconds = seconds
    },
    get delayMs() {
      return state.delayMs
    },
    set delayMs(ms) {
      state.delayMs = ms
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers an exchange with a refusal of this code. */
export const refuseWith =
  (status: number, code: unknown) =>
  (res: ServerResponse): void =>
    send(res, status, { code, message: 'WORDS', data: '' })

const bad = (why: string): Refusal => new Refusal(400, 4012250, why)

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

const decode = (part: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(part, 'base64url').toString())

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
