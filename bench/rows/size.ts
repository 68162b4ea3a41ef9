import { Agent, request } from 'node:http'
import type { Effort } from '../effort.ts'
import type { Row } from '../table.ts'
import { PORTALS, tokenPath, type World } from '../world.ts'

const PAGE = 100

/** What many connections cost: bytes in Redis, and how long one caller waits. */
export async function sizeRows(world: World, { calls }: Effort): Promise<readonly Row[]> {
  const { small, large, bytesPerConnection } = await world.seeded()
  const rows: Row[] = [{ name: 'redis per connection', figure: bytesPerConnection, unit: 'bytes' }]
  for (const [portalId, ids] of [
    [PORTALS.small, small],
    [PORTALS.large, large],
  ] as const) {
    const authorization = world.authorization(portalId)
    const caller = createCaller(world.service.url, authorization)
    const of = `of ${ids.length.toLocaleString('en-US')}`
    const handOuts = await timeHandOuts(caller, ids, calls)
    const pages = await timePages(caller, calls / 10)
    rows.push(latencyRow(`hand-out, one caller, ${of}`, handOuts))
    rows.push(latencyRow(`list page of ${PAGE}, ${of}`, pages))
    caller.close()
  }
  return rows
}

/** Figure: the median. Baseline: what one in a hundred takes. */
const latencyRow = (name: string, times: readonly number[]): Row => ({
  name,
  figure: quantile(times, 0.5),
  unit: 'ms',
  baseline: { name: 'ms, 99th percentile', figure: quantile(times, 0.99) },
})

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

interface Caller {
  call(method: string, path: string): Promise<string>
  close(): void
}

/** One connection, one call at a time. */
function createCaller(url: string, authorization: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    call(method, path) {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const options = { method, agent, headers: { authorization } }
      const sent = request(`${url}${path}`, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
        })
      })
      sent.on('error', reject)
      sent.end()
      return promise
    },
    close: () => agent.destroy(),
  }
}

/** Each connection once, so that none is in the process's own copy. */
async function timeHandOuts(caller: Caller, ids: readonly string[], calls: number) {
  const step = Math.max(1, Math.floor(ids.length / calls))
  const times: number[] = []
  for (let at = 0; at < ids.length; at += step) {
    const path = tokenPath(ids[at] ?? '')
    times.push(await time(() => caller.call('POST', path)))
  }
  return times
}

/** Walks the whole list, from the first page again when it is through. */
async function timePages(caller: Caller, calls: number) {
  const times: number[] = []
  let cursor: string | null = null
  for (let page = 0; page < calls; page++) {
    const query = `limit=${PAGE}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
    let text = ''
    const list = async () => {
      text = await caller.call('GET', `/v1/connections?${query}`)
    }
    times.push(await time(list))
    cursor = JSON.parse(text).next_cursor
  }
  return times
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
