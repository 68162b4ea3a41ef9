import type { Portal, Scope } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'
import type { PublicJwk } from '../signing/public-jwk.ts'
import type { ProxyLimits, StoredKey } from './credential-record.ts'
import type { FoundKey } from './credential-transitions.ts'

/** What a new key is to be. */
export interface KeyWish {
  readonly name?: string
  /** Signs assertions; an API key is made when it is absent. */
  readonly publicKey?: PublicJwk
  readonly scopes: readonly Scope[]
  readonly programs?: readonly string[]
  readonly cidrs?: readonly string[]
  readonly proxy?: ProxyLimits
  /** How long it is to live; for good when absent. */
  readonly lifetimeMs?: number
}

/** @throws ServiceError `invalid_request` for a program that the portal does not have */
export function assertPrograms(portal: Portal, { programs = [] }: KeyWish): void {
  const index = programs.findIndex((program) => !portal.programs.includes(program))
  if (index === -1) return
  const rule = 'must be the id of a program registered for this portal'
  const field = `/programs/${index}`
  throw new ServiceError('invalid_request', {
    detail: `${field} ${rule}`,
    errors: [{ field, rule }],
  })
}

/** A key as it is wished for, still without what names it. */
export function wishedKey({ lifetimeMs, publicKey: _, ...rights }: KeyWish, now: EpochMs) {
  const life = lifetimeMs === undefined ? {} : { lifetimeMs, expiresAt: now + lifetimeMs }
  return { ...rights, createdAt: now, ...life }
}

/** What replaces a key: its rights, and a life as long as its own was to be. */
export function successorOf({ key }: FoundKey, now: EpochMs) {
  const { id, scopes, ...limits } = key
  const { name, programs, cidrs, proxy, lifetimeMs }: Partial<StoredKey> = limits
  return {
    scopes,
    ...(name === undefined ? {} : { name }),
    ...(programs === undefined ? {} : { programs }),
    ...(cidrs === undefined ? {} : { cidrs }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(lifetimeMs === undefined ? {} : { lifetimeMs, expiresAt: now + lifetimeMs }),
    createdAt: now,
    replaces: id,
  }
}
