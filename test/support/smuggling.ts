/**
 * Requests whose meaning two parsers may not agree on, as data: what a way into Knox has to stand.
 *
 * @see RFC 9112 §11.2, and the advisories on `X_Forwarded_For` (CVE-2025-64484) and on path forms
 * (CVE-2026-55602, CVE-2026-6556).
 */

/** Where a corpus is tried out. */
export interface Ground {
  /** A header line with a good credential. */
  readonly key: string
  /** A target whose GET is answered with 200 and whose POST with 4xx, and that asks nobody else. */
  readonly front: string
  /** A target whose POST reaches Samsung. */
  readonly secret: string
}

const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`
const JSON_TYPE = 'Content-Type: application/json'

/** The request that must not be carried out. Sent openly, it would be: that is the control. */
export const hiddenRequest = ({ key, secret }: Ground): string =>
  lines(`POST ${secret} HTTP/1.1`, 'Host: hidden.test', key, 'Connection: close')

/** A last request that asks for the end of the connection. */
export const lastRequest = ({ key, front }: Ground): string =>
  lines(`GET ${front} HTTP/1.1`, 'Host: last.test', key, 'Connection: close')

/** The head of a request in front of a hidden one; its connection is to be kept. */
const fronted =
  (method: string, ...headers: readonly string[]) =>
  (ground: Ground, hidden: string): string =>
    lines(
      `${method} ${ground.front} HTTP/1.1`,
      'Host: front.test',
      ground.key,
      JSON_TYPE,
      ...headers.map((one) => one.replace('{all}', String(Buffer.byteLength(hidden)))),
    )

type Bytes = (ground: Ground) => string

/** A head, and after it something in which the hidden request stands. */
const withHidden =
  (
    head: (ground: Ground, hidden: string) => string,
    rest: (hidden: string) => string = (hidden) => hidden,
  ): Bytes =>
  (ground) => {
    const hidden = rest(hiddenRequest(ground))
    return head(ground, hidden) + hidden
  }

const CHUNKED = 'Transfer-Encoding: chunked'
const afterEnd = (hidden: string) => `0\r\n\r\n${hidden}`
const post = (...headers: readonly string[]) => fronted('POST', ...headers)

/** Framing that is to be refused: one answer, and the connection is closed. */
export const AMBIGUOUS_FRAMING: readonly (readonly [what: string, bytes: Bytes])[] = [
  ['CL and TE', withHidden(post('Content-Length: {all}', CHUNKED), afterEnd)],
  ['TE and CL', withHidden(post(CHUNKED, 'Content-Length: {all}'), afterEnd)],
  ['TE and a short CL', withHidden(post(CHUNKED, 'Content-Length: 5'), afterEnd)],
  ['two CL, the short one first', withHidden(post('Content-Length: 0', 'Content-Length: {all}'))],
  ['two CL, the long one first', withHidden(post('Content-Length: {all}', 'Content-Length: 0'))],
  ['one CL twice', withHidden(post('Content-Length: 0', 'Content-Length: 0'))],
  ['a list of CL', withHidden(post('Content-Length: 0, {all}'))],
  ['CL with a sign', withHidden(post('Content-Length: +0'))],
  ['CL below zero', withHidden(post('Content-Length: -1'))],
  ['CL in hex', withHidden(post('Content-Length: 0x0'))],
  ['CL that is empty', withHidden(post('Content-Length:'))],
  ['CL with a vertical tab', withHidden(post('Content-Length:\v0'))],
  ['CL that is folded', withHidden(post('Content-Length:\r\n 0'))],
  ['CL with a blank before the colon', withHidden(post('Content-Length : 0'))],
  ['TE with a blank before the colon', withHidden(post('Transfer-Encoding : chunked'), afterEnd)],
  ['TE that is folded', withHidden(post('Transfer-Encoding:\r\n chunked'), afterEnd)],
  ['TE behind a fold', withHidden(post('X: x\r\n Transfer-Encoding: chunked'), afterEnd)],
  ['TE behind a bare line feed', withHidden(post(`X: x\n${CHUNKED}`), afterEnd)],
  ['TE behind a bare return', withHidden(post(`X: x\r${CHUNKED}`), afterEnd)],
  ['TE with a vertical tab', withHidden(post('Transfer-Encoding:\vchunked'), afterEnd)],
  ['TE that is almost chunked', withHidden(post('Transfer-Encoding: xchunked'), afterEnd)],
  ['TE in quotes', withHidden(post('Transfer-Encoding: "chunked"'), afterEnd)],
  ['TE with identity after it', withHidden(post('Transfer-Encoding: chunked, identity'), afterEnd)],
  ['TE twice, then otherwise', withHidden(post(CHUNKED, 'Transfer-Encoding: cow'), afterEnd)],
  ['TE that is empty', withHidden(post('Transfer-Encoding:'), afterEnd)],
  ['TE with a zero byte', withHidden(post('Transfer-Encoding: chunked\u0000'), afterEnd)],
  ['a chunk size with a sign', withHidden(post(CHUNKED), (hidden) => `+0\r\n\r\n${hidden}`)],
  ['a chunk size in hex form', withHidden(post(CHUNKED), (hidden) => `0x0\r\n\r\n${hidden}`)],
  [
    'a chunk size beyond numbers',
    withHidden(post(CHUNKED), (hidden) => `${'f'.repeat(17)}\r\n${hidden}`),
  ],
  ['a chunk size before a bare line feed', withHidden(post(CHUNKED), (hidden) => `0\n\n${hidden}`)],
  ['a chunk without its end', withHidden(post(CHUNKED), (hidden) => `2\r\n{}XX0\r\n\r\n${hidden}`)],
  [
    'a chunk extension before a line feed',
    withHidden(post(CHUNKED), (hidden) => `0;a\n\r\n${hidden}`),
  ],
  ['a header without a colon', withHidden(post('Content-Length'))],
  ['a header with no name', withHidden(post(': 0'))],
  ['a zero byte in a name', withHidden(post('X\u0000: 0'))],
  [
    'a blank before the first header',
    withHidden((ground, hidden) => post()(ground, hidden).replace('\r\nHost', '\r\n Host')),
  ],
  [
    'a version that is none',
    withHidden((ground, hidden) => post()(ground, hidden).replace('HTTP/1.1', 'HTTP/1.10')),
  ],
  ['a preface of HTTP/2', withHidden(() => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['no version at all', withHidden(({ front }) => `GET ${front}\r\n`)],
]

/** Framing with one meaning, in which the hidden request is only a body or a value. */
export const UNAMBIGUOUS_FRAMING: readonly (readonly [what: string, bytes: Bytes])[] = [
  ['the body of a GET', withHidden(fronted('GET', 'Content-Length: {all}'))],
  ['the body of a POST', withHidden(post('Content-Length: {all}'))],
  ['the body of a DELETE', withHidden(fronted('DELETE', 'Content-Length: {all}'))],
  [
    'a chunk',
    withHidden(
      post(CHUNKED),
      (hidden) => `${Buffer.byteLength(hidden).toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ),
  ],
]

/** Targets that stand for no route, asked for with a good key; `{host}` is Samsung's own. */
export const ODD_TARGETS: readonly string[] = [
  '{conn}/knox',
  '{conn}/knox/',
  '{conn}/knox/ams/v1/users/customer/accesstokenOAuth2',
  '{conn}/knox/../token',
  '{conn}/knox/..%2ftoken',
  '/ams/v1/users/customer/accesstokenOAuth2',
  '/kcs/v1/kme/profiles/list',
  '//{host}/ams/v1/users/customer/accesstokenOAuth2',
  '/\\{host}/ams/v1/users/customer/accesstokenOAuth2',
  'http://{host}/ams/v1/users/customer/accesstokenOAuth2',
  'http://{host}//ams/v1/users/customer/accesstokenOAuth2',
  'http://knoxgate.test@{host}/auth/oauth2/token',
  'ftp://{host}/auth/oauth2/token',
  '{host}',
  '*',
  '{conn}//token',
  '/{conn}/token',
  '/.{conn}/token',
  '/x/..{conn}/token',
  '/%2e%2e{conn}/token',
  '/v1/../v1/connections/{id}/token',
  '/v1/./connections/{id}/token',
  '/v1/connections/../connections/{id}/token',
  '/v1/connections/%2e%2e/connections/{id}/token',
  '/v1/connections/%2e/{id}/token',
  '/v1/connections/..;/connections/{id}/token',
  '{conn};a=b/token',
  '{conn}/token;a=b',
  '{conn}/token/',
  '{conn}/token/..',
  '{conn}/token/.',
  '{conn}/TOKEN',
  '/V1/connections/{id}/token',
  '{conn}/%74oken',
  '{conn}%2ftoken',
  '{conn}%2Ftoken',
  '{conn}%252ftoken',
  '{conn}%5ctoken',
  '{conn}\\token',
  '{conn}/token%00',
  '{conn}%00/token',
  '{conn}/token%20',
  '{conn}/token%0d%0aHost:%20{host}',
  '{conn}/token%3fa',
  '{conn}/token%23',
  '/v1/connections/%2563onn_x/token',
  '/v1%2fconnections%2f{id}%2ftoken',
  '/v1/connections/*/token',
  '/%76%31/connections/{id}/token',
]

/** Headers by which some proxy or framework would take a request for another one. */
export const MISLEADING_HEADERS: readonly string[] = [
  'X-Original-URL: {conn}/token',
  'X-Rewrite-URL: {conn}/token',
  'X-Original-URI: {conn}/token',
  'X-Forwarded-Uri: {conn}/token',
  'X-Forwarded-Path: {conn}/token',
  'X-Forwarded-Prefix: {conn}',
  'X-HTTP-Method-Override: POST',
  'X-HTTP-Method: POST',
  'X-Method-Override: POST',
  'X-Forwarded-Host: {host}',
  'X_Forwarded_Host: {host}',
  'Forwarded: host={host};proto=https',
  'X-Forwarded-Server: {host}',
  'X_Forwarded_For: 127.0.0.1',
  'x-forwarded_for: 127.0.0.1',
  'X-Host: {host}',
  'Connection: keep-alive, Authorization',
  'Connection: X-Api-Version, Host',
  'Transfer_Encoding: chunked',
  'Content_Length: 5',
  'TE: trailers',
  'Trailer: Authorization',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic eDp4',
  'Max-Forwards: 0',
  'Via: 1.1 evil.test',
  'Expect: 100-continue',
]

/** Paths behind the proxy that lead nowhere: outside the table, or readable in two ways. */
export const PROXY_TARGETS: readonly string[] = [
  '/ams/v1/users/customer/accesstokenOAuth2',
  '/AMS/v1/users/customer/accesstokenOAuth2',
  '/%61ms/v1/users/customer/accesstokenOAuth2',
  '//ams/v1/users/customer/accesstokenOAuth2',
  '/kcs/v1/kme/../../../ams/v1/users/customer/accesstokenOAuth2',
  '/kcs/v1/kme/%2e%2e/%2e%2e/%2e%2e/ams/v1/users',
  '/kcs/v1/kme/..%2f..%2f..%2fams/v1/users',
  '/kcs/v1/kme/%252e%252e/devices/list',
  '/kcs/v1/kme/..;/..;/..;/ams/v1/users',
  '/kcs/v1/kme/..%3b/devices/list',
  '/kcs/v1/kme/..\\devices',
  '/kcs/v1/kme/..%5cdevices',
  '/kcs/v1/kme//profiles/list',
  '/kcs/v1/kme/./profiles/list',
  '/kcs/v1/kme/profiles/list/',
  '/kcs/v1/kme/profiles/list;a=b',
  '/kcs/v1/kme/profiles/list%00',
  '/kcs/v1/kme/profiles/list%0d%0aHost:%20{host}',
  '/kcs/v1/kme/profiles/list%3fa=b',
  '/kcs/v1/kme/profiles/list%23',
  '/kcs/v1/kme/profiles%2flist',
  '/kcs/v1/kme/%ef%bc%8e%ef%bc%8e/devices',
  '/kcs/v1/kme/%c0%ae%c0%ae/devices',
  '/kcs/v1/kme/%zz',
  '/kcs/v1/kmex/profiles/list',
  '/KCS/v1/kme/profiles/list',
  '/kcs/v1',
  '/http://{host}/kcs/v1/kme/profiles/list',
  '/{host}/kcs/v1/kme/profiles/list',
  '/auth/oauth2/token',
  '/',
]

/** Headers by which a caller would choose whose data it gets. */
export const TENANT_HEADERS: readonly string[] = [
  'x-wsm-managed-tenantid: other',
  'X-WSM-Managed-TenantId: other',
  'X_WSM_Managed_TenantId: other',
  'x-knox-apitoken: other',
  'x_knox_apitoken: other',
]
