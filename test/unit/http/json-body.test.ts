import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { z } from 'zod'
import { createProblemHandler } from '../../../src/http/error-handler.ts'
import { jsonBody, readBody } from '../../../src/http/json-body.ts'
import { recordLog, serve } from './serve.ts'

const LIMIT = 64
const schema = z.strictObject({ a: z.unknown().optional() }).optional()

async function start() {
  const { log, event } = recordLog()
  const app = express().post('/', jsonBody({ limitBytes: LIMIT }), (req, res) => {
    res.json({ body: readBody(schema, req) ?? 'none' })
  })
  app.use(createProblemHandler({ log }))
  return { ...(await serve(app)), event }
}

const post = async (body: string | Buffer, type = 'application/json') =>
  request((await start()).url)
    .post('/')
    .set('Content-Type', type)
    .serialize((value) => value)
    .send(body)

describe('jsonBody', () => {
  it.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"',
  ])('takes %s', async (type) => {
    expect((await post('{"a":"ü"}', type)).body).toEqual({ body: { a: 'ü' } })
  })

  it.each([
    'text/plain',
    'application/json-patch+json',
    'application/problem+json',
    'application/json; charset=latin1',
    'application/x-www-form-urlencoded',
  ])('refuses %s with 415', async (type) => {
    expect((await post('{}', type)).body).toMatchObject({ status: 415 })
  })

  it('leaves the body undefined when there is none, whatever the type says', async () => {
    const { url } = await start()

    const absent = await request(url).post('/')
    const empty = await request(url).post('/').set('Content-Type', 'text/plain').send('')

    expect([absent.body, empty.body]).toEqual([{ body: 'none' }, { body: 'none' }])
  })

  it('refuses a compressed body with 415', async () => {
    const { url } = await start()

    const res = await request(url)
      .post('/')
      .set('Content-Type', 'application/json')
      .set('Content-Encoding', 'gzip')
      .send('{}')

    expect(res.body).toMatchObject({ status: 415, code: 'unsupported_media_type' })
  })

  it.each([
    ['{"a":"canary', 'the body is not valid JSON'],
    ["{'a':'canary'}", 'the body is not valid JSON'],
    ['\ufeff{}', 'the body is not valid JSON'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'the body is not valid UTF-8'],
    [Buffer.from([0xed, 0xa0, 0x80]), 'the body is not valid UTF-8'],
  ])('refuses %j with 400 and does not quote it', async (body, detail) => {
    const res = await post(body)

    expect(res.body).toMatchObject({ status: 400, code: 'malformed_request', detail })
    expect(res.text).not.toContain('canary')
  })

  it.each([
    ['[]', '', 'must be a JSON object'],
    ['null', '', 'must be a JSON object'],
    ['"a"', '', 'must be a JSON object'],
    ['{"a":1,"a":1}', '/a', 'is given more than once'],
    ['{"a":{"x/y":1,"x\\/y":1}}', '/a/x~1y', 'is given more than once'],
    ['{"__proto__":{}}', '/__proto__', 'is not a permitted name'],
    ['{"a":[[[[[[[[1]]]]]]]]}', '/a/0/0/0/0/0/0/0', 'is nested deeper than 8 levels'],
    ['{"b":1}', '/b', 'is not known'],
  ])('refuses %s with 422, naming field and rule', async (body, field, rule) => {
    const res = await post(body)

    expect(res.body).toMatchObject({ status: 422, errors: [{ field, rule }] })
  })

  it('takes as many bytes as the limit and refuses one more', async () => {
    const body = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`

    expect((await post(body(LIMIT))).status).toBe(200)
    const res = await post(body(LIMIT + 1))
    expect(res.body).toMatchObject({ status: 413, detail: 'the limit is 64 bytes' })
    expect(res.headers.connection).toBe('close')
  })
})

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

async function open() {
  const { url, event } = await start()
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  await once(socket, 'connect')
  return { socket, event }
}

describe('a body that breaks off or does not end', () => {
  it('is refused when it breaks off', async () => {
    const { socket, event } = await open()

    socket.end(`${HEAD}Content-Length: 10\r\n\r\n{"a"`)

    expect(await event('request_refused')).toMatchObject({ code: 'malformed_request' })
  })

  it('is refused before its first byte when the announced length is over the limit', async () => {
    const { socket } = await open()

    socket.write(`${HEAD}Content-Length: 1000000\r\n\r\n`)

    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /)
    socket.destroy()
  })

  it('reaches a client that reads only after it has sent everything', async () => {
    const { socket } = await open()
    const send = (text: string) =>
      new Promise<void>((resolve, reject) => {
        // A turn of the event loop after each piece, so that the server acts in between.
        socket.write(text, (error) => (error ? reject(error) : setImmediate(resolve)))
      })

    await send(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    for (let i = 0; i < 60; i++) await send(`2000\r\n${'x'.repeat(8192)}\r\n`)
    await send('0\r\n\r\n')
    const received: Buffer[] = []
    for await (const chunk of socket) received.push(chunk)

    const answer = Buffer.concat(received).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('"code":"payload_too_large"')
  })

  it('is refused at the limit, answered in full, and then the connection is closed', async () => {
    const { socket } = await open()
    const received: Buffer[] = []
    socket.on('data', (chunk) => received.push(chunk)).on('error', () => undefined)
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    const flood = () => {
      while (socket.writable && socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`));
    }
    socket.on('drain', flood)

    flood()

    // Not `once`, which would reject when the flood is cut off.
    await new Promise((resolve) => socket.on('close', resolve))
    const answer = Buffer.concat(received).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('"code":"payload_too_large"')
  })
})
