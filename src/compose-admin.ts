import type { Router } from 'express'
import { createFreezeRouter } from './admin/freeze-routes.ts'
import { createAdminGate } from './admin/gate.ts'
import { createKeyRouter } from './admin/key-routes.ts'
import type { Metrics } from './admin/metrics.ts'
import type { Readiness } from './admin/readiness.ts'
import { createAdminRouter } from './admin/routes.ts'
import type { Access } from './compose-access.ts'
import type { Parts } from './compose-consent.ts'

/** Wires the operator's routes. */
export function composeAdmin(
  parts: Parts & {
    readonly access: Pick<Access, 'portalKeys'>
    readonly readiness: Readiness
    readonly metrics: Metrics
  },
): Router {
  const { config, portals, programs, vault, access, readiness, metrics, audit, log } = parts
  const { connections, killSwitches: switches } = vault
  const tokens = { operate: config.adminToken, read: config.adminReadToken }
  const gate = createAdminGate({ tokens, audit, log })
  return createAdminRouter({
    readiness,
    metrics,
    gate,
    routers: [
      createKeyRouter({ gate, keys: access.portalKeys }),
      createFreezeRouter({ gate, switches, portals, programs, connections }),
    ],
    bodyLimitBytes: config.settings.http.bodyLimitBytes,
  })
}
