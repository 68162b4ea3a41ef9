import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from '@jest/globals'
import { createCleanup } from '../../support/cleanup.ts'
import { readByPeer } from '../../support/socket-queue.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

/** A connection whose far end reads nothing until it is told to. */
async function connectToSilent(): Promise<readonly [near: Socket, far: Socket]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  const near = connect(address.port, '127.0.0.1')
  const [far]: Socket[] = await once(server, 'connection')
  if (far === undefined) throw new Error('nobody has connected')
  cleanup.add(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  return [near, far]
}

it('resolves when the other end has read everything, and not before', async () => {
  const [near, far] = await connectToSilent()
  const [other, reading] = await connectToSilent()
  let isRead = false
  near.write('a question')
  other.write('a question')
  reading.resume()

  const read = readByPeer(near).then(() => {
    isRead = true
  })
  for (let n = 0; n < 5; n++) await readByPeer(other)
  const before = isRead
  far.resume()
  await read

  expect([before, isRead]).toEqual([false, true])
})

it('resolves when the other end is gone with what it had not read', async () => {
  const [near, far] = await connectToSilent()
  near.on('error', () => {})
  near.write('a question')
  far.destroy()

  await expect(readByPeer(near)).resolves.toBeUndefined()
})
