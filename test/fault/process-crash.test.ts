import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Rig, startRig } from '../support/service-rig.ts'

/** Ways to fail where nobody catches, each with `leaky`, an error that holds a secret everywhere. */
const WAYS = {
  'in a timer': 'setTimeout(() => { throw leaky })',
  'in a callback of a stream': 'Readable.from(["x"]).on("data", () => { throw leaky })',
  'by an error event that nobody listens to': 'new EventEmitter().emit("error", leaky)',
  'by a rejection': 'Promise.reject(leaky)',
  'by a rejection with a text': 'Promise.reject(process.env.API_KEY_PEPPER)',
  'by a rejection with an object': 'Promise.reject({ token: process.env.API_KEY_PEPPER })',
} as const

/** Ends that no code of ours sees coming, and what the runtime prints then. */
const HARD_WAYS = [
  ['aborts', 'process.abort()', /Native stack trace/],
  [
    'has no memory left',
    'const held = []; for (;;) held.push((secret + held.length).split(""))',
    /JavaScript heap out of memory/,
  ],
] as const

/** Runs before the service in its process, and waits for a signal. */
const preload = (code: string) => `
  import { EventEmitter } from 'node:events'
  import { Readable } from 'node:stream'
  process.on('SIGUSR2', () => {
    const secret = process.env.API_KEY_PEPPER
    const leaky = new Error('bad ' + secret + '\\n    at ' + secret, { cause: new Error(secret) })
    Object.assign(leaky, { code: secret, command: { name: 'evalsha', args: [secret] }, secret })
    ${code}
  })`

const moduleOf = (code: string) => `data:text/javascript,${encodeURIComponent(preload(code))}`

/** A dump holds all of the memory; operators are told to switch it off. */
async function forbidCoreDump(pid: number): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', `${pid}`, '--core=0:0'])
}

let rig: Rig

beforeAll(async () => {
  rig = await startRig()
})
// Looks for every secret in what the processes have written, in whatever form.
afterAll(() => rig?.close())

describe('what nobody has caught', () => {
  it.each(Object.entries(WAYS))('%s ends the process with 1', async (_, code) => {
    const { service, call } = await rig.another({ NODE_OPTIONS: `--import ${moduleOf(code)}` })
    expect((await call('GET', '/v1/connections')).status).toBe(200)

    service.signal('SIGUSR2')

    expect(await service.ended).toBe(1)
    const lines = service.output().trimEnd().split('\n')
    const errors = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error')
    expect(errors).toMatchObject([
      {
        event: expect.stringMatching(/^(uncaught_exception|unhandled_rejection)$/),
        error: { type: expect.stringMatching(/^(Error|string|object)$/) },
      },
    ])
    expect(service.output()).not.toContain(rig.stack.env.API_KEY_PEPPER)
  })

  it.each(HARD_WAYS)('leaves no secret behind when the process %s', async (_, code, printed) => {
    const options = `--max-old-space-size=96 --import ${moduleOf(code)}`
    const { service } = await rig.another({ NODE_OPTIONS: options })
    await forbidCoreDump(service.pid)

    service.signal('SIGUSR2')

    expect(await service.ended).toBeNull()
    expect(service.output()).toMatch(printed)
    expect(service.output()).not.toContain(rig.stack.env.API_KEY_PEPPER)
  })

  it('ends no other process', async () => {
    expect((await fetch(`${rig.stack.url}/readyz`)).status).toBe(200)
  })
})
