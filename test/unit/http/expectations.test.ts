import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { parseAnswers } from '../../../chaos/fuzz/answers.ts'
import { handleExpectations } from '../../../src/http/expectations.ts'
import { serve } from './serve.ts'

/** Bytes, as files are: Node writes them apart from the head. */
const BODY = Buffer.from('the whole body')

/** A server whose `/later` is answered only when something else was asked for. */
async function send(...requests: readonly string[]): Promise<string> {
  let answerLater = () => {}
  const { url, server } = await serve((req, res) => {
    if (req.url === '/later') {
      answerLater = () => res.end(BODY)
      return
    }
    res.end(BODY)
    answerLater()
    answerLater = () => {}
  })
  const [listener] = server.listeners('request')
  handleExpectations(server, listener as Parameters<typeof handleExpectations>[1])
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  const received: Buffer[] = []
  socket.on('data', (chunk) => received.push(chunk))
  socket.write(requests.join(''))
  await once(socket, 'close')
  return Buffer.concat(received).toString()
}

const get = (path: string, ...lines: readonly string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: x', ...lines].join('\r\n')}\r\n\r\n`

describe('an expectation', () => {
  it('to go on is met before the answer', async () => {
    const text = await send(get('/', 'Expect: 100-continue', 'Connection: close'))

    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })

  it('of a request behind another one does not end up inside an answer', async () => {
    const text = await send(get('/later'), get('/', 'Expect: 100-continue'))

    const { answers, rest } = parseAnswers(text, ['GET', 'GET'], true)
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, String(BODY)],
      [200, String(BODY)],
    ])
    expect(rest).toBe('')
    // Node's rule for who was not told to go on.
    expect(answers[1]?.headers.get('connection')).toBe('close')
  })

  it('that nobody knows does not keep a request from being handled', async () => {
    const text = await send(get('/', 'Expect: a miracle', 'Connection: close'))

    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })
})
