import { describe, expect, it } from '@jest/globals'
import { ServiceError } from '../../../src/shared/errors.ts'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'

function setUp(level = 'debug') {
  const lines: string[] = []
  const log = createLog(level, { write: (line) => void lines.push(line) })
  return {
    log,
    lines,
    events: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
  }
}

describe('the log', () => {
  it('writes one line of JSON per event, with a name and a time', () => {
    const { log, events } = setUp()

    log.info('token_refreshed', { connectionId: 'conn_1', generation: 2 })

    expect(events()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        service: 'knoxgate',
        event: 'token_refreshed',
        connectionId: 'conn_1',
        generation: 2,
      },
    ])
  })

  it('writes nothing that it does not know by name', () => {
    const { log, lines } = setUp()

    log.info('event', { accessToken: 'canary', body: { a: 'canary' } } as never)

    expect(lines.join()).not.toContain('canary')
  })

  it('writes no secret, wherever it is put', () => {
    const { log, lines } = setUp()

    log.info('event', { reason: new Secret('canary') } as never)

    expect(lines.join()).not.toContain('canary')
  })

  it('cannot be made to write a second line', () => {
    const { log, lines } = setUp()

    log.info('event', { reason: 'a\nb\r\n\u001b[31m\u2028c' })

    expect(lines).toHaveLength(1)
    expect(lines[0]?.trimEnd()).not.toMatch(/\p{Cc}/u)
  })

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ])('at level %s writes %d of four', (level, count) => {
    const { log, lines } = setUp(level)
    log.debug('a')
    log.info('a')
    log.warn('a')
    log.error('a')

    expect(lines).toHaveLength(count)
  })
})

describe('an error in the log', () => {
  function errorOf(error: unknown): Record<string, unknown> {
    const { log, events } = setUp()
    log.error('failed', { error })
    return { ...(events()[0]?.error as object) }
  }

  it('of ours is its code', () => {
    const error = new ServiceError('connection_exists', {
      connectionId: 'conn_1',
      detail: 'canary',
    })

    expect(errorOf(error)).toEqual({ type: 'ServiceError', code: 'connection_exists' })
  })

  it('of others is its type, its code and where it came from', () => {
    const error = Object.assign(new RangeError('canary'), { code: 'ECONNRESET' })

    const described = errorOf(error)

    expect(described).toMatchObject({ type: 'RangeError', code: 'ECONNRESET' })
    expect(JSON.stringify(described)).not.toContain('canary')
    expect(described.frames).toEqual(expect.arrayContaining([expect.stringMatching(/^at /)]))
  })

  it.each([
    ['of more lines', new Error('first canary\n    at canary (file.ts:1:1)\n at canary')],
    [
      'whose message was changed',
      Object.assign(new Error('first\n    at canary (file.ts:1:1)'), { message: 'second' }),
    ],
    ['with a cause', new Error('a', { cause: new Error('canary') })],
    ['of many', new AggregateError([new Error('canary')], 'canary')],
    ['with a code that is a sentence', Object.assign(new Error('a'), { code: 'canary is it' })],
    ['with fields', Object.assign(new Error('a'), { response: { body: 'canary' } })],
    ['that is a text', 'canary'],
    ['that is an object', { message: 'canary' }],
  ])('%s gives nothing of its content away', (_, error) => {
    const { log, lines } = setUp()

    log.error('failed', { error })

    expect(lines.join()).not.toContain('canary')
  })
})
