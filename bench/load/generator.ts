import autocannon from 'autocannon'
import type { LoadOrder, LoadReport } from './messages.ts'

/*
 * The load generator: a process of its own, told what to do over IPC, so that it takes no time from
 * what is measured but what the machine's cores cannot give both.
 */

/**
 * Every connection gets its own share, or all would ask for the same at the same time. Each round
 * begins somewhere else, or the end of a long list would hardly ever be asked for.
 */
function sharePaths({ paths, connections }: LoadOrder): readonly autocannon.Request[][] {
  const shares = Array.from({ length: connections }, (): autocannon.Request[] => [])
  const count = Math.max(paths.length, connections)
  const start = Math.floor(Math.random() * count)
  for (let at = 0; at < count; at++) {
    const path = paths[(start + at) % paths.length]
    if (path !== undefined) shares[at % connections]?.push({ path })
  }
  return shares
}

/** POST without a body, as portals call the route. */
function run(order: LoadOrder): Promise<LoadReport> {
  const shares = [...sharePaths(order)]
  return new Promise((resolve, reject) => {
    // Counted from here, because autocannon counts the time in which it builds the requests, too.
    let startedAt = 0
    const instance = autocannon(
      {
        url: order.url,
        method: 'POST',
        headers: { authorization: order.authorization },
        connections: order.connections,
        ...('seconds' in order.until
          ? { duration: order.until.seconds }
          : { amount: order.until.requests }),
        sampleInt: 100,
        setupClient: (client) => client.setRequests(shares.pop() ?? []),
      },
      (error: Error | null, result) => {
        if (error) return reject(error)
        const seconds = (performance.now() - startedAt) / 1000
        const answered = result['2xx']
        resolve({
          requestsPerSecond: answered / seconds,
          answered,
          failed: result.non2xx + result.errors + result.timeouts,
        })
      },
    )
    instance.once('start', () => {
      startedAt = performance.now()
    })
  })
}

process.on('message', (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report))
})
process.on('disconnect', () => process.exit(0))
