import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { encodingsOf } from '../support/canary.ts'
import { type HeardAnswer, tellAnswer } from '../support/heard-answers.ts'
import { type LeakNet, spreadNet, type WatchedRedis } from '../support/leak-net.ts'
import { type Rig, startRig } from '../support/service-rig.ts'

let rig: Rig
let net: LeakNet
let secret: string

/** A net of its own under the stack of the rig, whose own net is not there. */
async function spread(redis?: WatchedRedis): Promise<void> {
  net = await spreadNet(rig.stack, redis)
}

beforeEach(async () => {
  rig = await startRig({ isUnwatched: true })
  secret = rig.stack.env.ADMIN_TOKEN ?? ''
})
afterEach(() => rig?.close())

/** What the net finds in the end. */
async function caught(): Promise<string> {
  await net.beforeEnd()
  return net.afterEnd().then(
    () => 'nothing',
    (error: unknown) => String(error),
  )
}

const answered = (changes: Partial<HeardAnswer>): HeardAnswer => ({
  method: 'GET',
  url: `${rig.stack.url}/v1/connections`,
  requestBody: '',
  status: 200,
  headers: [],
  body: '{}',
  ...changes,
})

describe('the net under a stack', () => {
  it('lets the whole job pass', async () => {
    await spread({ db: rig.db, dir: rig.redis.dir })
    await rig.token(await rig.connect('tenant-1'))

    expect(await caught()).toBe('nothing')
  })

  it('catches a configured secret in an answer, in every form', async () => {
    for (const [form, text] of encodingsOf(Buffer.from(secret))) {
      await spread()
      tellAnswer(answered({ body: `{"x":"${text}"}` }))

      const found = await caught()

      expect([form, found]).toEqual([form, expect.stringContaining('ADMIN_TOKEN (')])
      expect([form, found]).toEqual([form, expect.stringContaining('/v1/connections: its body')])
      expect(found).not.toContain(secret)
    }
  })

  it('catches it in a header, in a JWT, and on a bare socket', async () => {
    const payload = Buffer.from(JSON.stringify({ x: secret })).toString('base64url')
    for (const [place, answer] of [
      ['header x-y', answered({ headers: [['x-y', secret]] })],
      ['its body', answered({ body: `eyJhbGciOiJub25lIn0.${payload}.` })],
      ['its body', answered({ method: 'RAW', url: rig.stack.url, body: secret })],
    ] as const) {
      await spread()
      tellAnswer(answer)

      expect(await caught()).toMatch(new RegExp(`ADMIN_TOKEN \\(.*${place}`))
    }
  })

  it('catches what a process writes that crashes', async () => {
    await spread()
    const leaking = `console.error(Buffer.from("x"+process.env.API_KEY_PEPPER).toString("base64"))`
    const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(leaking)}` }
    const { service } = await rig.another(env)
    net.watch(service, rig.stack.env)

    expect(await caught()).toMatch(/API_KEY_PEPPER \(.*\) in the output of process \d+/)
  })

  it('catches a token of Samsung in Redis: stored, in its files, and in a command', async () => {
    await spread({ db: rig.db, dir: rig.redis.dir })
    await rig.connect('tenant-1')
    const [token = ''] = rig.sandbox.state.refreshTokens.keys()
    await rig.db.set('kg:{planted}', Buffer.from(`ab${token}`).toString('base64url'))

    const found = await caught()

    for (const place of ['what Redis tells', 'the files of Redis', 'the commands to Redis'])
      expect(found).toMatch(new RegExp(`refresh token \\(.*\\) in ${place}`))
  })

  it('catches a handed-out token anywhere but where it is handed out', async () => {
    await spread()
    const { body } = await rig.token(await rig.connect('tenant-1'))
    tellAnswer(answered({ body: JSON.stringify(body) }))

    expect(await caught()).toMatch(/signed token \(raw\) in the answer 200 to GET/)
  })

  it('catches nothing in the answers of others, and nothing by chance', async () => {
    await spread()
    tellAnswer(answered({ url: rig.sandbox.localUrl, body: secret }))
    tellAnswer(answered({ body: randomBytes(100_000).toString('base64') }))

    expect(await caught()).toBe('nothing')
  })
})

it('a rig under which a secret got out does not close without saying so', async () => {
  const leaky = await startRig()
  await leaky.db.set('kg:{planted}', leaky.stack.apiKey())

  await expect(leaky.close()).rejects.toThrow(/secrets got out:\napi key \(raw\) in what Redis/)
})
