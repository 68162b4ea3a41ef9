import type { Request, RequestHandler } from 'express'
import type { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import { fieldError, pointer } from './field-error.ts'
import { findKeyProblem, type KeyProblem } from './json-keys.ts'
import { hasBody, readRawBody } from './raw-body.ts'
import { parseBody } from './validate.ts'

/** Objects and arrays within each other; bodies of this API are far flatter. */
const MAX_DEPTH = 8

const RULES: Readonly<Record<KeyProblem['kind'], string>> = {
  duplicate: 'is given more than once',
  forbidden: 'is not a permitted name',
  too_deep: `is nested deeper than ${MAX_DEPTH} levels`,
}

// Keeps a byte order mark, which JSON.parse then refuses (RFC 8259 §8.1).
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Middleware that reads a JSON object into `req.body`; `undefined` when the request brings none.
 *
 * Own code instead of body-parser: that one neither bounds depth nor sees duplicate names, and it
 * quotes the input in its errors.
 *
 * Refuses with `payload_too_large`, `unsupported_media_type`, `malformed_request` (bytes that are
 * not UTF-8 or not JSON) or `invalid_request` (duplicate or forbidden names, depth, not an object).
 */
export function jsonBody({ limitBytes }: { readonly limitBytes: number }): RequestHandler {
  return async (req, _res, next) => {
    req.body = undefined
    if (hasBody(req)) {
      const bytes = await readRawBody(req, limitBytes)
      if (bytes.length > 0) {
        checkHeaders(req)
        req.body = parseObject(bytes)
      }
    }
    next()
  }
}

/**
 * Reads what `jsonBody` left on the request. A route without required fields takes an absent body
 * by a schema that accepts `undefined`, for example `z.strictObject({ … }).default({})`.
 *
 * @throws ServiceError `invalid_request` naming each field and rule.
 */
export const readBody = <T>(schema: z.ZodType<T>, req: Request): T => parseBody(schema, req.body)

function checkHeaders({ headers }: Request): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ServiceError('unsupported_media_type', { detail: 'the body must not be compressed' })
  }
  const isJson = /^application\/json\s*(?:;\s*charset=(?:utf-8|"utf-8")\s*)?$/i
  if (!isJson.test(headers['content-type'] ?? '')) {
    throw new ServiceError('unsupported_media_type', {
      detail: 'Content-Type must be application/json, in UTF-8',
    })
  }
}

function parseObject(bytes: Buffer): object {
  const text = decode(bytes)
  const value = parse(text)
  const problem = findKeyProblem(text, MAX_DEPTH)
  if (problem !== null) throw fieldError([[pointer(problem.path), RULES[problem.kind]]])
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fieldError([['', 'must be a JSON object']])
  }
  return value
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ServiceError('malformed_request', { detail: 'the body is not valid UTF-8' })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The original message quotes the input.
    throw new ServiceError('malformed_request', { detail: 'the body is not valid JSON' })
  }
}
