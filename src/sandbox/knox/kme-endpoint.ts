import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { json } from '../http/exchange.ts'
import { authorizeFleet } from './callers.ts'
import { devicesOf, type Fleet, profilesOf } from './kme-data.ts'
import { credentialFacts, knoxEndpoint } from './knox-endpoint.ts'
import { cutPage, readPage } from './paging.ts'

/**
 * Makes `kme/profiles/list` (protocol.md 5.2). Its answer is not documented; it is written like
 * that of `devices/list`.
 */
export const profilesEndpoint = (ctx: Context): Endpoint =>
  listEndpoint(ctx, 'profileList', 'kme.profiles:view', profilesOf)

/** Makes `kme/devices/list` (protocol.md 5.2, as observed). */
export const devicesEndpoint = (ctx: Context): Endpoint =>
  listEndpoint(ctx, 'deviceList', 'kme.devices:view', devicesOf)

const listEndpoint = (
  ctx: Context,
  name: string,
  scope: string,
  listOf: (fleet: Fleet) => readonly object[],
): Endpoint =>
  knoxEndpoint(ctx, 'kme', {
    facts: (incoming) => credentialFacts(incoming),
    handle(incoming) {
      const list = listOf(authorizeFleet(ctx, incoming, scope))
      return json(200, { totalCount: list.length, [name]: cutPage(list, readPage(incoming.query)) })
    },
  })
