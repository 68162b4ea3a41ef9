import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { createClientErrorHandler } from '../../../src/http/client-error.ts'
import { recordLog, serve } from './serve.ts'

async function send(bytes: string) {
  const recorded = recordLog()
  const { url, server } = await serve((_req, res) => {
    res.end('ok')
  })
  server.on('clientError', createClientErrorHandler({ log: recorded.log }))
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  const received: Buffer[] = []
  socket.on('data', (chunk) => received.push(chunk))
  socket.write(bytes)
  await once(socket, 'close')
  const [head = '', body = ''] = Buffer.concat(received).toString().split('\r\n\r\n')
  return { head, body, ...recorded }
}

describe('createClientErrorHandler', () => {
  it.each([
    ['canary\r\n\r\n', 400, 'malformed_request'],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: canary\r\n\r\n', 400, 'malformed_request'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'canary'.repeat(4000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('answers %j by a problem document and closes', async (bytes, status, code) => {
    const { head, body, event, lines } = await send(bytes)

    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(head).toContain('Connection: close')
    expect(head).toContain('Content-Type: application/problem+json')
    expect(head).toContain('X-Content-Type-Options: nosniff')
    expect(JSON.parse(body)).toMatchObject({ status, code })
    expect(await event('request_refused')).toMatchObject({ code, status })
    expect(body + lines.join('')).not.toContain('canary')
  })

  it('does not write into an answer that has begun', async () => {
    const { url, server } = await serve((_req, res) => {
      res.write('half')
    })
    server.on('clientError', createClientErrorHandler({ log: recordLog().log }))
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
    const received: Buffer[] = []
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    received.push((await once(socket, 'data'))[0])
    socket.on('data', (chunk) => received.push(chunk))

    socket.write('canary\r\n\r\n')

    await once(socket, 'close')
    expect(
      Buffer.concat(received)
        .toString()
        .match(/HTTP\/1\.1/g),
    ).toHaveLength(1)
  })

  it('does not refuse one request in the place of another that is being worked on', async () => {
    let answer = () => {}
    const { url, server } = await serve((_req, res) => {
      answer = () => res.end('done')
    })
    const refused = once(server, 'clientError')
    server.on('clientError', createClientErrorHandler({ log: recordLog().log }))
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
    const received: Buffer[] = []
    socket.on('data', (chunk) => received.push(chunk))
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\ncanary\r\n\r\n')
    await refused

    answer()

    await once(socket, 'close')
    const text = Buffer.concat(received).toString()
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200'])
    expect(text).toContain('Connection: close')
    expect(text).toContain('done')
  })
})
