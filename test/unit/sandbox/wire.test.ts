import { request } from 'node:https'
import { describe, expect, it } from '@jest/globals'
import { makeSelfSigned } from '../outbound/self-signed.ts'
import { startSandbox } from './support/sandbox.ts'

describe('the wire', () => {
  it('is on loopback and closes with the sandbox', async () => {
    const sandbox = await startSandbox()
    const { localUrl } = sandbox

    await sandbox.close()

    expect(localUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await expect(fetch(localUrl)).rejects.toThrow('fetch failed')
  })

  it('says when its port is taken', async () => {
    const first = await startSandbox()
    const port = Number(new URL(first.localUrl).port)

    await expect(startSandbox({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it.each([
    'POST /ams/v1/users/customer/accessTokenOAuth2',
    'POST /auth/oauth2/token/',
    'GET /auth/oauth2/token',
    'GET /kcs/v1/kme/profiles/LIST',
    'GET /favicon.ico',
  ])('knows nothing of %s', async (route) => {
    const sandbox = await startSandbox()
    const [method = '', path] = route.split(' ')

    const res = await fetch(sandbox.localUrl + path, { method })

    expect(res.status).toBe(404)
    expect(await res.json()).toMatchObject({ code: 4040000, message: 'RESOURCE_NOT_FOUND' })
  })

  it.each([
    ['a body over 64 kB', { body: 'x'.repeat(66_000) }, 413],
    ['a compressed body', { body: 'x', headers: { 'content-encoding': 'gzip' } }, 415],
  ])('refuses %s without quoting it', async (_name, init, status) => {
    const sandbox = await startSandbox()

    const res = await fetch(`${sandbox.localUrl}/auth/oauth2/token`, { method: 'POST', ...init })

    expect(res.status).toBe(status)
    expect(await res.json()).toEqual({ error: 'bad request' })
  })

  it.each([
    'gate.example',
    'https://gate.example/path',
    'ftp://gate.example',
    'https://u@gate.example',
  ])('refuses %s as its public address', async (publicUrl) => {
    await expect(startSandbox({ publicUrl })).rejects.toThrow('publicUrl must be')
  })

  it('leaves out the slash and the default port of its public address', async () => {
    const sandbox = await startSandbox({ publicUrl: 'https://account.example:443/' })

    expect(sandbox.url).toBe('https://account.example')
  })
})

describe('the wire with TLS', () => {
  it('serves https with the key and certificate it is given', async () => {
    const { key, cert } = makeSelfSigned()
    const sandbox = await startSandbox({ tls: { key, cert } })

    const status = await new Promise((resolve, reject) => {
      const options = { ca: cert, agent: false }
      request(sandbox.localUrl, options, (res) => resolve(res.resume().statusCode))
        .on('error', reject)
        .end()
    })

    expect(sandbox.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(status).toBe(200)
  })
})
