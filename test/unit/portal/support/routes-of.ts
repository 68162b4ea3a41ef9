import type { Express } from 'express'

/** What Express keeps of a route or of a router; none of it is in its types. */
interface Layer {
  readonly route?: {
    readonly path: string | readonly string[]
    readonly methods: Readonly<Record<string, boolean>>
  }
  readonly handle?: { readonly stack?: readonly Layer[] }
  /** Tries a path; leaves the part that matched in `path`. */
  match(path: string): boolean
  readonly path?: string
}

/** Prefixes that routers are mounted under. */
const MOUNTS = ['/v1']

/** Every route of an application: `GET /v1/connections/{id}`. `all` counts for nothing. */
export function routesOf(app: Express): readonly string[] {
  const { stack } = app.router as unknown as { readonly stack: readonly Layer[] }
  return [...new Set(collect(stack, ''))].sort()
}

function collect(stack: readonly Layer[], prefix: string): readonly string[] {
  return stack.flatMap((layer) => {
    if (layer.route !== undefined) return namesOf(layer.route, prefix)
    const inner = layer.handle?.stack
    return inner === undefined ? [] : collect(inner, prefix + mountOf(layer))
  })
}

/** The mount whose paths a router takes and whose neighbours it does not. */
const mountOf = (layer: Layer): string =>
  layer.match('/somewhere/else') ? '' : (MOUNTS.find((mount) => layer.match(`${mount}/x`)) ?? '?')

function namesOf({ path, methods }: NonNullable<Layer['route']>, prefix: string) {
  const verbs = Object.keys(methods).filter((method) => method !== '_all')
  return [path].flat().flatMap((one) =>
    verbs.map((verb) => {
      const template = `${prefix}${one}`.replace(/[:*](\w+)/g, '{$1}')
      return `${verb.toUpperCase()} ${template}`
    }),
  )
}
