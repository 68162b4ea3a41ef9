import { once } from 'node:events'
import { expect, it } from '@jest/globals'
import { createLoad } from '../../../src/limits/load.ts'
import { createRefusals } from '../../../src/limits/refusals.ts'
import { createFront } from '../../../src/portal/front.ts'
import { NO_AUDIT } from '../../support/audit.ts'
import { recordLog, serve } from '../http/serve.ts'

const TOKEN = `/v1/connections/conn_${'0'.repeat(32)}/token`

/** A front with one place. What comes through is told in `seen`, and ends when the test says so. */
async function start() {
  const { log, lines } = recordLog()
  const metrics = { limited() {}, shed() {} }
  const refusals = createRefusals({ audit: NO_AUDIT, metrics, log, clock: Date.now })
  refusals.stop()
  const room = { concurrentRequests: 1, concurrentRequestsPerPortal: 1 }
  const load = createLoad({ ...room, concurrentRequestsUnproven: 1 }, refusals)
  const seen: string[] = []
  const front = createFront({
    load,
    authenticator: { recognize: () => null },
    hotToken: (req, _res, otherwise) => {
      seen.push(`short ${req.url}`)
      otherwise()
    },
    app: (req, res) => {
      seen.push(`app ${req.url} ${load.keptOf(req) instanceof Error ? 'refused' : 'served'}`)
      if (req.url !== '/held') res.end()
    },
    log,
  })
  const { url, server } = await serve(front)
  /** Takes the only place, until its connection is closed. */
  async function fill(): Promise<void> {
    const came = once(server, 'request')
    fetch(`${url}/held`).catch(() => {})
    await came
    seen.length = 0
  }
  return { url, seen, lines, fill }
}

it('leaves what there is a place for to the short way, and then to the application', async () => {
  const { url, seen } = await start()

  await fetch(`${url}${TOKEN}`, { method: 'POST' })

  expect(seen).toEqual([`short ${TOKEN}`, `app ${TOKEN} served`])
})

it.each([TOKEN, '/v1', '/v1/?a=1', '/v1/unknown'])(
  'turns %s away before anything sees it, when there is no place',
  async (path) => {
    const { url, seen, fill } = await start()
    await fill()

    const answer = await fetch(`${url}${path}`, { method: 'POST' })

    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'overloaded' })
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(seen).toEqual([])
  },
)

it.each(['/connect/cs_1', '/v1x', '/assets/a.css'])(
  'has the application make a page of it for %s',
  async (path) => {
    const { url, seen, fill } = await start()
    await fill()

    await fetch(`${url}${path}`)

    expect(seen).toEqual([`app ${path} refused`])
  },
)

it.each(['/livez', '/readyz', '/readyz?verbose'])('always lets %s through', async (path) => {
  const { url, seen, fill } = await start()
  await fill()

  await fetch(`${url}${path}`)

  expect(seen).toEqual([`app ${path} served`])
})

it.each(['/livez/', '/livezz', '/connect/livez', '/v1/livez'])(
  'takes %s for no probe',
  async (path) => {
    const { url, seen, fill } = await start()
    await fill()

    await fetch(`${url}${path}`)

    expect(seen).not.toContain(`app ${path} served`)
  },
)

it('logs one event for any number of them', async () => {
  const { url, lines, fill } = await start()
  await fill()

  for (let time = 0; time < 20; time++) await fetch(`${url}${TOKEN}`)

  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['request_shed'])
})
