import { isPlaceholder } from './placeholder.ts'

const HOST = String.raw`(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])`
const USER = String.raw`(?:[^@/?#\s]*@)?`
const HOSTS = `${HOST}:\\d{1,5}(?:,${HOST}:\\d{1,5})*`

const FORMS = [
  new RegExp(`^rediss?://${USER}${HOST}(?::\\d{1,5})?(?:/\\d{0,3})?$`),
  new RegExp(`^redis\\+sentinel://${USER}${HOSTS}/[\\w.-]+$`),
  new RegExp(`^redis\\+cluster://${USER}${HOSTS}/?$`),
]

/**
 * Tells whether text is the address of a store: `redis`, `rediss`, `redis+sentinel`, `redis+cluster`
 * or, outside strict mode, `memory:`. A query is refused: how to connect is not the URL's to say.
 */
export function isRedisUrl(text: string, strict: boolean): boolean {
  if (text === 'memory:') return !strict
  if (!FORMS.some((form) => form.test(text))) return false
  const ports = [...text.matchAll(/:(\d{1,5})(?=[,/]|$)/g)].map(([, port]) => Number(port))
  if (ports.some((port) => port < 1 || port > 65_535)) return false
  const password = /^[a-z+]+:\/\/[^@/]*?:([^@/]*)@/.exec(text)?.[1]
  return !(strict && password !== undefined && isPlaceholder(password))
}
