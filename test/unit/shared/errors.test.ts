import { describe, expect, it } from '@jest/globals'
import { ERRORS, type ErrorCode, ServiceError } from '../../../src/shared/errors.ts'

const rows = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][]

describe('the table of errors', () => {
  it.each(rows)('%s has a status that fits its owner', (_, { status, owner, retryable }) => {
    expect([
      400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429, 431, 500, 502, 503, 504,
    ]).toContain(status)
    if (status < 500 && status !== 409) expect(owner).toBe('portal')
    if (owner === 'portal') expect(status).toBeLessThan(500)
    if (status === 503 || status === 504) expect(owner).not.toBe('customer')
    if (retryable && status < 500) expect([409, 429]).toContain(status)
  })

  it('keeps 401 and 403 for the portal’s own key', () => {
    const about = (status: number) => rows.filter(([, rule]) => rule.status === status)

    expect(about(401).map(([code]) => code)).toEqual(['invalid_api_key'])
    expect(about(403).map(([code]) => code)).toEqual(['insufficient_scope', 'path_not_allowed'])
  })

  it('says what happened in words of its own, once each', () => {
    const titles = rows.map(([, { title }]) => title)

    expect(new Set(titles).size).toBe(titles.length)
    for (const title of titles) expect(title).toMatch(/^[a-zA-Z][^.]+$/)
  })
})

describe('a service error', () => {
  it('knows its row of the table', () => {
    const error = new ServiceError('connection_exists', { connectionId: 'conn_1' })

    expect(error).toMatchObject({
      name: 'ServiceError',
      message: 'this customer is already connected',
      status: 409,
      owner: 'portal',
      retryable: false,
      extras: { connectionId: 'conn_1' },
    })
  })

  it('adds its detail to its message', () => {
    expect(new ServiceError('not_found', { detail: 'really' }).message).toBe(
      'no such resource: really',
    )
  })

  it('never has a cause', () => {
    expect(new ServiceError('store_unavailable').cause).toBeUndefined()
  })
})
