import type { Scope } from './config.ts'

/** Every scope an API key can have. */
export const SCOPES = [
  'connect',
  'connections:read',
  'connections:write',
  'tokens',
  'proxy',
] as const satisfies readonly Scope[]

/** Tells whether text is the name of a scope. */
export const isScope = (text: unknown): text is Scope => SCOPES.some((scope) => scope === text)
