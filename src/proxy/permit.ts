import type { ProxyLimits } from '../access/credential-record.ts'
import type { Product } from '../config/products.ts'
import { type BrokenRule, isBelow } from './target.ts'

/** What the proxy passes on; everything else is for connections and debugging, or unknown. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

export type ProxyMethod = (typeof METHODS)[number]

/** Tells whether a method is one that is passed on. */
export const isProxyMethod = (method: string): method is ProxyMethod =>
  METHODS.some((one) => one === method)

/**
 * Finds whose path it is, if the program's table and the key's restrictions permit the call. The longest
 * prefix wins.
 *
 * @param path - Canonical, as `readTarget` writes it.
 * @param limits - Of the key.
 */
export function permit(
  products: readonly Product[],
  limits: ProxyLimits | undefined,
  method: ProxyMethod,
  path: string,
): Product | BrokenRule {
  const product = findProduct(products, path)
  if (product === undefined) return { rule: 'the path belongs to no product of the program' }
  if (limits?.products?.includes(product.name) === false)
    return { rule: `the key is not for product ${product.name}` }
  // Whoever may read may ask for the head of it.
  const asked = method === 'HEAD' ? ['HEAD', 'GET'] : [method]
  if (limits?.methods?.some((one) => asked.includes(one)) === false)
    return { rule: `the key is not for method ${method}` }
  if (limits?.pathPrefixes?.some((prefix) => isBelow(path, trimmed(prefix))) === false)
    return { rule: 'the path is not below a path prefix of the key' }
  return product
}

function findProduct(products: readonly Product[], path: string): Product | undefined {
  const found = products.flatMap((product) =>
    product.pathPrefixes
      .filter((prefix) => isBelow(path, prefix))
      .map((prefix) => ({ product, length: prefix.length })),
  )
  return found.sort((one, other) => other.length - one.length)[0]?.product
}

/** Operators write `/kcs/v1/kme/` and mean the same. */
const trimmed = (prefix: string): string => prefix.replace(/\/+$/, '')
