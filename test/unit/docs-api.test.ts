import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createOpenApiDocument } from '../../src/portal/openapi.ts'
import { problemsOf } from './portal/support/json-schema.ts'

const root = join(import.meta.dirname, '../..')
const doc = readFileSync(join(root, 'docs/api.md'), 'utf8')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const document = createOpenApiDocument({ version: '0.0.0', pageLimit: 100 })
const routes = Object.entries(document.paths as Readonly<Record<string, object>>).flatMap(
  ([path, item]) =>
    Object.keys(item)
      .filter((key) => ['get', 'post', 'delete'].includes(key))
      .map((method) => `${method.toUpperCase()} ${path}`),
)
/** The proxy takes all methods alike, and is told of once. */
const PROXY = '/v1/connections/{id}/knox/{path}'
const ofPortals = [
  ...routes.filter((route) => route.includes(' /v1/') && !route.endsWith(PROXY)),
  `ANY ${PROXY}`,
]
const examples = [...doc.matchAll(/^```json (\w+)\n([\s\S]*?)^```/gm)].map(
  ([, schema = '', text = '']) => [schema, JSON.parse(text) as unknown] as const,
)

describe('docs/api.md', () => {
  it('has a section and a row with its scope for every route of /v1', () => {
    const sections = [...doc.matchAll(/^### (\w+ \/\S+)$/gm)].map(([, route]) => route)
    const rows = [...doc.matchAll(/^\| \[`(\w+ \/\S+)`\]\(#\S+\) \| `([\w:]+)` \|$/gm)]

    expect([...sections].sort()).toEqual([...ofPortals].sort())
    expect(Object.fromEntries(rows.map(([, route, scope]) => [route, scope]))).toEqual(
      Object.fromEntries(ofPortals.map((route) => [route, scopeOf(route)])),
    )
  })

  it('names every other route of the document', () => {
    for (const route of routes.filter((one) => !one.endsWith(PROXY)))
      expect(doc).toContain(`\`${route}\``)
  })

  it.each(examples)('shows a %s as it is', (schema, example) => {
    expect(problemsOf({ $ref: `#/components/schemas/${schema}` }, example, document)).toEqual([])
  })

  it('shows one of every body', () => {
    const { schemas } = document.components as { readonly schemas: object }
    const shown = new Set(examples.map(([schema]) => schema))

    expect([...shown].sort()).toEqual(
      Object.keys(schemas)
        .filter((name) => name !== 'Empty' && name !== 'ProbeStatus')
        .sort(),
    )
  })
})

describe('README.md', () => {
  it('has a row with its scope for every route of /v1', () => {
    const rows = [...readme.matchAll(/^\| `(\w+ \/v1\S+)` \| `([\w:]+)` \| .+ \|$/gm)]

    expect(Object.fromEntries(rows.map(([, route, scope]) => [route, scope]))).toEqual(
      Object.fromEntries(ofPortals.map((route) => [route, scopeOf(route)])),
    )
  })
})

function scopeOf(route: string): unknown {
  const [method = '', path = ''] = route.split(' ')
  const { paths } = document as {
    readonly paths: Readonly<
      Record<
        string,
        Readonly<
          Record<string, { readonly security: readonly { readonly api_key: readonly string[] }[] }>
        >
      >
    >
  }
  return paths[path]?.[method === 'ANY' ? 'get' : method.toLowerCase()]?.security[0]?.api_key[0]
}
