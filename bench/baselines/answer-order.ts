import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { BaselineOrder } from './messages.ts'

/** Makes this process a baseline: it waits for its order, listens, and tells its origin. */
export function answerOrder(makeHandler: (order: BaselineOrder) => RequestListener): void {
  process.on('disconnect', () => process.exit(0))
  process.once('message', async (order: BaselineOrder) => {
    const server = createServer(makeHandler(order)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    process.send?.(`http://127.0.0.1:${port}`)
  })
}
