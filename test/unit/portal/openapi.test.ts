import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import type { Scope } from '../../../src/config/config.ts'
import { createOpenApiDocument } from '../../../src/portal/openapi.ts'
import { EXAMPLES } from '../../../src/portal/openapi-examples.ts'
import { completionBody, emptyBody, newSessionBody, tokenBody } from '../../../src/portal/wire.ts'
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.ts'
import { problemsOf, resolve, type Schema } from './support/json-schema.ts'
import { createRealApp, type RealApp, SCOPES } from './support/real-app.ts'
import { routesOf } from './support/routes-of.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Schema
}
interface Media {
  readonly schema: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>
}
interface Response {
  readonly description: string
  readonly headers?: object
  readonly content?: Readonly<Record<string, Media>>
}
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, Media> }
  readonly responses: Readonly<Record<string, Response>>
}
type PathItem = Readonly<Record<string, Operation>> & { readonly parameters?: never }
interface Document {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    readonly schemas: Readonly<Record<string, Schema>>
    readonly headers: Readonly<Record<string, object>>
    readonly examples: Readonly<Record<ErrorCode, { readonly value: { readonly code: string } }>>
  }
}

// By way of JSON, so that what is tested is what is served.
const document: Document = JSON.parse(
  JSON.stringify(createOpenApiDocument({ version: '0.0.0', pageLimit: 100 })),
)
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => METHODS.includes(method))
    .map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      method,
      operation,
      shared: (item as { readonly parameters?: readonly Parameter[] }).parameters ?? [],
    })),
)
const v1 = operations.filter(({ path }) => path.startsWith('/v1/'))
/** Pages and their files are for browsers, and no API. */
const isForBrowsers = (route: string) => / \/(?:connect|callback|assets)\//.test(route)

let real: RealApp
beforeAll(async () => {
  real = await createRealApp()
})
afterAll(() => real.close())

describe('the routes', () => {
  it('are those that the application answers, no more and no fewer', () => {
    const answered = routesOf(real.app).filter((route) => !isForBrowsers(route))

    expect(operations.map(({ name }) => name).sort()).toEqual(answered)
  })

  it.each(Object.keys(document.paths))('of %s are the methods that it permits', async (path) => {
    const documented = Object.keys(document.paths[path] ?? {}).filter((m) => METHODS.includes(m))

    const answer = await request(real.app)
      .options(concrete(path))
      .set('authorization', `Bearer ${real.apiKeys[0]}`)

    const permitted = String(answer.headers.allow).split(', ')
    expect(answer.status).toBe(405)
    expect(permitted.filter((method) => method !== 'HEAD').map((m) => m.toLowerCase())).toEqual(
      documented,
    )
  })

  it.each(v1)('$name needs the scope that it documents, and no other', async (one) => {
    const scope = one.operation.security[0]?.api_key?.[0] as Scope
    const own = await createRealApp([[scope], SCOPES.filter((other) => other !== scope)])
    const path = concrete(one.path)
    const ask = (key = '') =>
      request(own.app)[one.method as 'get'](path).set('authorization', `Bearer ${key}`)

    const [withIt, withoutIt] = [await ask(own.apiKeys[0]), await ask(own.apiKeys[1])]
    await own.close()

    expect(withIt.status).not.toBe(403)
    expect(withoutIt.status).toBe(403)
    expect(withoutIt.body.code).toBe('insufficient_scope')
  })

  it.each(v1)('$name takes an assertion in the place of an API key, with the same scope', (one) => {
    const [apiKey, assertion, ...others] = one.operation.security

    expect(others).toEqual([])
    expect(assertion?.assertion).toEqual(apiKey?.api_key)
  })

  it.each(v1)('$name is closed to anybody without a key', async ({ method, path }) => {
    const anonymous = await request(real.app)[method as 'get'](concrete(path))

    expect(anonymous.status).toBe(401)
  })
})

const concrete = (path: string) =>
  path.replace('{id}', `${path.includes('sessions') ? 'cs' : 'conn'}_${'0'.repeat(32)}`)

describe('GET /openapi.json', () => {
  it('serves the document to anybody, for five minutes', async () => {
    const answer = await request(real.app).get('/openapi.json')

    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('public, max-age=300')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.body).toEqual(document)
  })

  it('answers another method with a problem document', async () => {
    const answer = await request(real.app).post('/openapi.json')

    expect(answer.status).toBe(405)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['cache-control']).toBe('no-store')
  })
})

describe('the document', () => {
  it('has what OpenAPI 3.1 requires', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    expect(document.info).toMatchObject({ title: 'knoxgate', version: '0.0.0' })
    expect(document.servers).toEqual([{ url: '/' }])
    for (const name of ['api_key', 'assertion'])
      expect(document.components.securitySchemes[name]).toMatchObject({
        type: 'http',
        scheme: 'bearer',
      })
  })

  it('names every operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId)

    expect(new Set(ids).size).toBe(ids.length)
    for (const { operation } of operations) expect(operation.summary).not.toBe('')
  })

  it('has a description and a body of a known schema in every response', () => {
    for (const { name, operation } of operations)
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^(?:2XX|[2-5]\d\d)$/)
        expect(response.description).not.toBe('')
        const types = Object.keys(response.content ?? {})
        if (Number(status) >= 400 && name !== 'GET /readyz')
          expect(types).toEqual(['application/problem+json'])
        else if (status === '2XX') expect(types).toEqual(['*/*'])
        else expect(types).toEqual(status === '204' ? [] : ['application/json'])
      }
  })

  it('has a parameter for each part of a path, and no other', () => {
    for (const { path, shared } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(shared.map((parameter) => parameter.name)).toEqual(inPath)
      for (const parameter of shared)
        expect(parameter).toMatchObject({ in: 'path', required: true })
    }
  })

  it('has no reference that leads nowhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)]

    expect(references.length).toBeGreaterThan(50)
    for (const [, pointer = ''] of references) expect(resolve(pointer, document)).toBeTruthy()
  })
})

describe('the examples', () => {
  it('of request bodies pass the schemas that the routes parse with', () => {
    expect(newSessionBody.safeParse(EXAMPLES.NewConnectSession).success).toBe(true)
    expect(completionBody.safeParse(EXAMPLES.Completion).success).toBe(true)
    expect(tokenBody.safeParse(EXAMPLES.TokenRequest).success).toBe(true)
    expect(emptyBody.safeParse(EXAMPLES.Empty).success).toBe(true)
  })

  it('fit the schemas of the document', () => {
    const media = operations.flatMap(({ operation }) => [
      ...Object.values(operation.requestBody?.content ?? {}),
      ...Object.values(operation.responses).flatMap(({ content = {} }) => Object.values(content)),
    ])
    const shown = media.filter(({ example }) => example !== undefined)

    expect(shown.length).toBeGreaterThan(10)
    for (const { schema, example } of shown)
      expect(problemsOf(schema, example, document)).toEqual([])
  })

  it('show every error code, under the status that it has', () => {
    const { examples, schemas } = document.components
    expect(Object.keys(examples)).toEqual(Object.keys(ERRORS))
    for (const [code, { value }] of Object.entries(examples)) {
      expect(value.code).toBe(code)
      expect(problemsOf(schemas.Problem ?? {}, value, document)).toEqual([])
    }
    for (const { operation } of operations)
      for (const [status, { content = {} }] of Object.entries(operation.responses))
        for (const code of Object.keys(content['application/problem+json']?.examples ?? {}))
          expect(ERRORS[code as ErrorCode].status).toBe(Number(status))
  })
})
