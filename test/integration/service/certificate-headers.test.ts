import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ServiceProcess } from '../../../scripts/stack/service-process.ts'
import { makeCertificate } from '../../support/certificates.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

/*
 * Nobody is known by a TLS certificate, so nobody is known by what a proxy may say of one: neither from
 * anywhere nor from a proxy whose `X-Forwarded-For` is believed.
 */

const RETURN_URL = 'http://localhost:3999/knox/return'
const portal = (id: string) => ({ id, name: id, returnUrl: RETURN_URL })

let rig: Rig
let id: string
let certificate: ReturnType<typeof makeCertificate>
/** The same service once more, which believes what this host says of addresses. */
let trusting: ServiceProcess

beforeAll(async () => {
  rig = await startRig({ portals: [portal('acme'), portal('other')] })
  id = await rig.connect('tenant-1')
  certificate = makeCertificate(['acme', 'acme.example'], Date.now())
  // Of the portal's own key, even: possession is not proven by showing it.
  const { publicKey } = new X509Certificate(certificate.cert)
  const { status } = await fetch(`${rig.stack.services[0]?.adminUrl}/admin/v1/portals/acme/keys`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${rig.stack.adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ scopes: ['tokens'], public_key: publicKey.export({ format: 'jwk' }) }),
  })
  expect(status).toBe(201)
  const { service } = await rig.another({ KNOXGATE_HTTP_TRUSTED_PROXIES: '127.0.0.0/8,::1/128' })
  trusting = service
})
afterAll(() => rig?.close())

/** What proxies call it, each with a certificate in the form that it uses. */
function headersOf(): Readonly<Record<string, string>> {
  const { cert } = certificate
  const { raw, fingerprint256 } = new X509Certificate(cert)
  const base64 = raw.toString('base64')
  const digest = fingerprint256.replaceAll(':', '').toLowerCase()
  const escaped = encodeURIComponent(cert)
  return {
    'Client-Cert': `:${base64}:`,
    'Client-Cert-Chain': `:${base64}:`,
    'X-Client-Cert': escaped,
    'X-Client-Certificate': base64,
    'X-Client-DN': 'CN=acme',
    'X-Client-Verify': 'SUCCESS',
    'X-Forwarded-Client-Cert': `By=spiffe://mesh/knoxgate;Hash=${digest};Cert="${escaped}";Subject="CN=acme";URI=spiffe://mesh/acme`,
    'X-Forwarded-Tls-Client-Cert': base64,
    'X-Forwarded-Tls-Client-Cert-Info': encodeURIComponent('Subject="CN=acme"'),
    'X-SSL-Client-Cert': escaped,
    'X-SSL-Client-Verify': 'SUCCESS',
    'X-SSL-Client-S-DN': 'CN=acme',
    'X-SSL-Client-DN': 'CN=acme',
    'X-SSL-Client-CN': 'acme',
    'X-SSL-Client-Fingerprint': digest,
    'X-SSL-Client-SHA1': digest.slice(0, 40),
    'X-SSL-Cert': escaped,
    'SSL-Client-Cert': escaped,
    'SSL-Client-Verify': 'SUCCESS',
    'X-ARR-ClientCert': base64,
    'X-Amzn-Mtls-Clientcert': escaped,
    'X-Amzn-Mtls-Clientcert-Subject': 'CN=acme',
    'X-Goog-Client-Cert-Present': 'true',
    'Cf-Client-Cert-Der-Base64': base64,
    'X-Forwarded-User': 'acme',
    'X-Remote-User': 'acme',
    'X-Authenticated-User': 'acme',
    'X-Portal-Id': 'acme',
    'X-Api-Key': rig.stack.apiKey('acme'),
    'Proxy-Authorization': `Bearer ${rig.stack.apiKey('acme')}`,
  }
}

const routes = () =>
  [
    ['GET', '/v1/connections'],
    ['GET', `/v1/connections/${id}`],
    ['POST', `/v1/connections/${id}/token`],
    ['POST', `/v1/connections/${id}/verify`],
    ['DELETE', `/v1/connections/${id}`],
    ['POST', '/v1/connect-sessions'],
  ] as const

const withoutTrace = async (answer: Response) => {
  const { trace_id: _, ...body } = (await answer.json()) as Record<string, unknown>
  return body
}

const PLACES = ['from anywhere', 'from a proxy that is trusted'] as const

const serviceFor = (place: (typeof PLACES)[number]): ServiceProcess | undefined =>
  place === 'from anywhere' ? rig.stack.services[0] : trusting

describe('a header that shows a client certificate', () => {
  it.each(PLACES)('lets nobody in, %s', async (place) => {
    const url = serviceFor(place)?.url ?? ''
    const all = headersOf()
    const anonymous = await withoutTrace(await fetch(`${url}/v1/connections`))
    const single = Object.entries(all).map(([name, value]) => ({ [name]: value }))
    for (const headers of [...single, all]) {
      for (const [method, path] of routes()) {
        const answer = await fetch(url + path, { method, headers })
        const told = [Object.keys(headers).join(), method, path, answer.status]
        expect(told).toEqual([Object.keys(headers).join(), method, path, 401])
        expect(await withoutTrace(answer)).toEqual(anonymous)
      }
    }
  })

  it.each(PLACES)('makes no portal another one, %s', async (place) => {
    const url = serviceFor(place)?.url ?? ''
    const own = { authorization: `Bearer ${rig.stack.apiKey('other')}` }
    const headers = { ...headersOf(), ...own }
    const list = await fetch(`${url}/v1/connections`, { headers })
    const foreign = await fetch(`${url}/v1/connections/${id}/token`, { method: 'POST', headers })

    expect([list.status, await list.json()]).toEqual([200, { data: [], next_cursor: null }])
    expect(foreign.status).toBe(404)
  })

  it.each(PLACES)('makes nobody an administrator, %s', async (place) => {
    const adminUrl = serviceFor(place)?.adminUrl ?? ''
    const paths = ['/admin/v1/status', '/admin/v1/freezes', '/metrics', '/readyz?verbose']
    for (const path of paths) {
      const answer = await fetch(adminUrl + path, { headers: headersOf() })
      expect([path, answer.status]).toEqual([path, 401])
    }
  })
})

it('the portal is there all the same, by its own key', async () => {
  for (const place of PLACES) {
    const headers = { authorization: `Bearer ${rig.stack.apiKey('acme')}` }
    const answer = await fetch(`${serviceFor(place)?.url}/v1/connections/${id}/token`, {
      method: 'POST',
      headers,
    })
    expect([place, answer.status]).toEqual([place, 200])
  }
})
