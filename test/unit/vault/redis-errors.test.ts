import { describe, expect, it } from '@jest/globals'
import { classifyFailure, redirectionOf, UnexpectedReply } from '../../../src/vault/redis-errors.ts'
import { parseRead, parseVersion, parseWrite } from '../../../src/vault/redis-replies.ts'

/** What the parser of ioredis makes of an error reply: known by its name alone. */
function reply(message: string): Error {
  const error = new Error(message)
  error.name = 'ReplyError'
  return Object.assign(error, { command: { name: 'evalsha', args: ['canary'] } })
}

describe('a failed command', () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'OOM'],
    ["READONLY You can't write against a read only replica.", 'READONLY'],
    ['NOREPLICAS Not enough good replicas to write.', 'NOREPLICAS'],
    ['LOADING Redis is loading the dataset in memory', 'LOADING'],
    ['MISCONF Redis is configured to save RDB snapshots', 'MISCONF'],
    ["NOPERM User x has no permissions to run the 'eval' command", 'NOPERM'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'WRONGTYPE'],
    ['CLUSTERDOWN The cluster is down', 'CLUSTERDOWN'],
    ['BUSY Redis is busy running a script.', 'BUSY'],
    ['@user_script: 17: -OOM command not allowed', 'OOM'],
    ['@user_script:17: -READONLY You cannot write', 'READONLY'],
  ])('was not applied when the server says %s', (message, reason) => {
    expect(classifyFailure(reply(message))).toEqual({ kind: 'refused', byServer: true, reason })
  })

  it.each([
    ['ERR The user executing the script cannot run this command', 'ERR'],
    ['something new', 'ERR'],
    ['FUTURE a code of a later version', 'FUTURE'],
    ['canary', 'ERR'],
    ['CANARYWITHMORETHANTWENTYLETTERS x', 'ERR'],
  ])('may be applied when the server says %s', (message, reason) => {
    expect(classifyFailure(reply(message))).toEqual({ kind: 'unknown', byServer: true, reason })
  })

  it.each([
    "Stream isn't writeable and enableOfflineQueue options is false",
    "Cluster isn't ready and enableOfflineQueue options is false",
  ])('was not sent when the client says %s', (message) => {
    const failure = classifyFailure(new Error(message))

    expect(failure).toEqual({ kind: 'not_sent', byServer: false, reason: 'not_connected' })
  })

  it.each([
    [new Error('Command timed out'), 'timeout'],
    [new Error("Socket timeout. Expecting data, but didn't receive any in 1500ms."), 'timeout'],
    [new Error('Connection is closed.'), 'connection_closed'],
    [new Error('a canary'), 'unknown'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [
      Object.assign(new Error('tls'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [Object.assign(new Error('x'), { code: 'a canary' }), 'unknown'],
    ['a canary', 'unknown'],
    [undefined, 'unknown'],
  ])('may be applied after %p', (error, reason) => {
    expect(classifyFailure(error)).toEqual({ kind: 'unknown', byServer: false, reason })
  })
})

it('names why the last node of a cluster failed', () => {
  const lastNodeError = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  const error = Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError })

  expect(classifyFailure(error).reason).toBe('ECONNREFUSED')
  expect(classifyFailure(Object.assign(error, { lastNodeError: null })).reason).toBe('unknown')
})

describe('a reply that no script of ours gives', () => {
  it.each([
    ['no list', null],
    ['a short list', ['1', 'w', 'text', '1']],
    ['no time', ['1', 'w', 'text', 'x', '0']],
    ['no revision', [null, 'w', 'text', '1', '0']],
    ['a revision of 0', ['0', 'w', 'text', '1', '0']],
    ['a broken revision', ['1x', 'w', 'text', '1', '0']],
    ['no write id', ['1', null, 'text', '1', '0']],
    ['an empty write id', ['1', '', 'text', '1', '0']],
    ['no text', ['1', 'w', null, '1', '0']],
  ])('is not read as a document: %s', (_, answer) => {
    expect(() => parseRead(answer)).toThrow(UnexpectedReply)
  })

  it.each([[null], [['won', '1', '0']], [['lost!', '1', '0', 0]], [['won', null, '0.5', 1]]])(
    'is not read as an outcome: %j',
    (answer) => {
      expect(() => parseWrite(answer)).toThrow(UnexpectedReply)
    },
  )

  it('is told from one that is', () => {
    expect(parseRead(['7', 'w2 w1', 'text', '1700000000', '123999'])).toEqual({
      document: { revision: 7, version: 'w2', text: 'text' },
      serverNow: 1_700_000_000_123,
    })
    expect(parseRead([null, null, null, '1', '0'])).toEqual({ document: null, serverNow: 1000 })
    expect(parseWrite(['won', '1', '0', 1])).toEqual({
      outcome: 'won',
      serverNow: 1000,
      hasWritten: true,
    })
    expect(parseWrite(['already', '1', '0', 0])).toMatchObject({ hasWritten: false })
    expect(parseVersion('w2 w1')).toBe('w2')
  })
})

describe('a redirection of a cluster', () => {
  it.each([
    ['MOVED 3999 127.0.0.1:6381', { place: '127.0.0.1:6381', asking: false }],
    ['ASK 16383 redis-2.internal:6381', { place: 'redis-2.internal:6381', asking: true }],
    ['MOVED 1 2001:db8::1:6379', { place: '2001:db8::1:6379', asking: false }],
    ['MOVED 3999', undefined],
    ['ERR MOVED 3999 127.0.0.1:6381', undefined],
    ['CLUSTERDOWN The cluster is down', undefined],
  ])('is read from %j', (message, redirection) => {
    expect(redirectionOf(reply(message))).toEqual(redirection)
  })

  it('is not read from what no server has said', () => {
    expect(redirectionOf(new Error('MOVED 3999 127.0.0.1:6381'))).toBeUndefined()
    expect(redirectionOf('MOVED 3999 127.0.0.1:6381')).toBeUndefined()
  })
})
