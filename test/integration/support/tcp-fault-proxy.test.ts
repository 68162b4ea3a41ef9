import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { createCleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from '../../support/tcp-fault-proxy.ts'

const cleanup = createCleanup()
let proxy: TcpFaultProxy
/** The server's ends of the connections, in order. */
let accepted: Socket[]

beforeEach(async () => {
  accepted = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    accepted.push(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  cleanup.add(async () => {
    for (const socket of accepted) socket.destroy()
    server.close()
  })
  proxy = await startTcpFaultProxy(address.port)
  cleanup.add(() => proxy.stop())
})
afterEach(cleanup.run)

/** A connection through the proxy: the client's end and the server's. */
async function join() {
  const before = accepted.length
  const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {})
  cleanup.add(() => client.destroy())
  await once(client, 'connect')
  await eventually(() => accepted.length > before)
  const server = accepted[before]
  if (server === undefined) throw new Error('nobody has connected')
  return { client, server, heard: listen(client), asked: listen(server) }
}

/** What an end has received so far, and how it ended. */
function listen(socket: Socket) {
  const heard = { bytes: '', ended: false, error: '' }
  socket.on('data', (chunk) => {
    heard.bytes += chunk.toString('latin1')
  })
  socket.on('end', () => {
    heard.ended = true
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    heard.error = error.code ?? ''
  })
  return heard
}

it('carries bytes and ends both ways when nothing is set', async () => {
  const { client, server, heard, asked } = await join()
  const large = 'x'.repeat(3_000_000)

  client.end('question')
  await eventually(() => asked.ended)
  server.end(large)
  await eventually(() => heard.ended)

  expect(asked.bytes).toBe('question')
  expect(heard.bytes === large).toBe(true)
})

it('delays bytes on one way by the latency, and keeps their order with jitter', async () => {
  const { client, server, heard, asked } = await join()
  proxy.set('to_client', { latencyMs: 100, jitterMs: 50 })
  const pieces = Array.from({ length: 20 }, (_, n) => `${n};`)
  const startedAt = performance.now()

  client.write('at once')
  await eventually(() => asked.bytes === 'at once')
  const askedAfter = performance.now() - startedAt
  for (const piece of pieces) {
    server.write(piece)
    await new Promise(setImmediate)
  }
  const answeredAt = performance.now()
  await eventually(() => heard.bytes === pieces.join(''))

  expect(askedAfter).toBeLessThan(100)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(100)
  // The pieces wait beside each other, not one after the other.
  expect(performance.now() - answeredAt).toBeLessThan(1000)
})

it('passes no more bytes in a second than the bandwidth', async () => {
  const { server, heard } = await join()
  proxy.set('to_client', { bytesPerSecond: 10_000 })
  const startedAt = performance.now()

  server.write('x'.repeat(5000))
  await eventually(() => heard.bytes.length === 5000)

  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(400)
})

it('accepts connections and says nothing in a blackhole, and goes on after it', async () => {
  proxy.set('to_server', { blackhole: true })
  const { client, server, heard, asked } = await join()

  client.end('question')
  server.write('greeting')
  await eventually(() => heard.bytes === 'greeting')
  const before = { ...asked }
  proxy.clear()
  await eventually(() => asked.ended)

  expect(before).toEqual({ bytes: '', ended: false, error: '' })
  expect(asked.bytes).toBe('question')
})

it('resets what stands on both sides, and takes new connections', async () => {
  const { heard, asked } = await join()

  proxy.reset()
  await eventually(() => heard.error !== '' && asked.error !== '')
  const next = await join()
  next.client.write('again')

  expect([heard.error, asked.error]).toEqual(['ECONNRESET', 'ECONNRESET'])
  await eventually(() => next.asked.bytes === 'again')
})

it('ends a connection after exactly so many bytes, and not before', async () => {
  proxy.set('to_client', { cutAfterBytes: 10 })
  const { server, heard, asked } = await join()
  const whole = await join()

  server.write('123456')
  await eventually(() => heard.bytes === '123456')
  server.write('7890abc')
  whole.server.write('123456789')
  await eventually(() => heard.ended && asked.ended && whole.heard.bytes.length === 9)

  expect(heard.bytes).toBe('1234567890')
  expect(whole.heard.ended).toBe(false)
})

it('counts the bytes anew when the limit is set again', async () => {
  proxy.set('to_client', { cutAfterBytes: 10 })
  const { server, heard } = await join()

  server.write('123456')
  await eventually(() => heard.bytes === '123456')
  proxy.set('to_client', { cutAfterBytes: 10 })
  server.write('789012')
  await eventually(() => heard.bytes === '123456789012')

  expect(heard.ended).toBe(false)
})

it('half-closes: the client has heard the last of the server, which still hears the client', async () => {
  const { client, heard, asked } = await join()

  proxy.halfClose('to_client')
  await eventually(() => heard.ended)
  client.write('still here')

  await eventually(() => asked.bytes === 'still here')
  expect(asked.ended).toBe(false)
})

it('refuses connections while it is shut, and opens on the same port', async () => {
  const { heard } = await join()
  const { port } = proxy

  await proxy.shut()
  await eventually(() => heard.ended || heard.error !== '')
  const [refusal] = await once(connect(port, '127.0.0.1'), 'error')
  await proxy.open()
  const { client, asked } = await join()
  client.write('back')

  expect(refusal).toMatchObject({ code: 'ECONNREFUSED' })
  expect(proxy.port).toBe(port)
  await eventually(() => asked.bytes === 'back')
})

it('resets the client when the server resets', async () => {
  const { server, heard } = await join()

  server.resetAndDestroy()

  await eventually(() => heard.error === 'ECONNRESET')
})
