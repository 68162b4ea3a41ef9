import type { RequestHandler } from 'express'
import { limitStoreTime } from '../shared/store-time.ts'

/**
 * Middleware: from here on the request waits at most this long for the store, all its calls together.
 * What goes on when the answer is out, or its client gone, is not cut off.
 */
export const storeLimit =
  ({ limitMs }: { readonly limitMs: number }): RequestHandler =>
  (_req, res, next) =>
    limitStoreTime(limitMs, (lift) => {
      res.once('close', lift)
      next()
    })
