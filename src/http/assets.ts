import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Router } from 'express'
import { EXACT_PATHS } from './exact-paths.ts'
import { API_HEADERS, allowMethods } from './security.ts'

const ASSETS = {
  'style.css': 'text/css; charset=utf-8',
  'mark.svg': 'image/svg+xml',
} as const

/** Says which content an asset has: the first 64 bits of its SHA-256, in hexadecimal. */
export const assetVersion = (viewsDir: string, name: keyof typeof ASSETS): string =>
  hashOf(readFileSync(join(viewsDir, name)))

/**
 * Routes of the files that pages load: `/assets/style.css` and `/assets/mark.svg`. Mount at the
 * root.
 *
 * Files are read once. An address that names the content (`?v=`) may be kept for a year, any other
 * is asked for again with its `ETag` (RFC 9110 §13.1.2).
 */
export function createAssetRouter({ viewsDir }: { readonly viewsDir: string }): Router {
  const router = Router(EXACT_PATHS)
  for (const [name, type] of Object.entries(ASSETS)) {
    const content = readFileSync(join(viewsDir, name))
    const version = hashOf(content)
    router.all(`/assets/${name}`, allowMethods('GET'), (req, res) => {
      const isPinned = req.originalUrl.endsWith(`?v=${version}`)
      res.set(API_HEADERS)
      res.set('Content-Type', type)
      res.set('ETag', `"${version}"`)
      res.set('Cache-Control', isPinned ? 'public, max-age=31536000, immutable' : 'no-cache')
      res.send(content)
    })
  }
  return router
}

const hashOf = (content: Buffer): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 16)
