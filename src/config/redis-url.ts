import { parseRedisUrl, type RedisTarget } from '../shared/redis-url.ts'
import { isPlaceholder } from './placeholder.ts'

/**
 * Tells whether text is the address of a store: `redis`, `rediss`, `redis+sentinel`, `redis+cluster`,
 * the last two also with `rediss`, or, outside strict mode, `memory:`.
 */
export function isRedisUrl(text: string, strict: boolean): boolean {
  if (text === 'memory:') return !strict
  const target = parse(text)
  const password = target?.password?.reveal()
  return target !== null && !(strict && password !== undefined && isPlaceholder(password))
}

function parse(text: string): RedisTarget | null {
  try {
    return parseRedisUrl(text)
  } catch {
    return null
  }
}
