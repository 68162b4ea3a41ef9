import type { Router } from 'express'
import type { Metrics } from './admin/metrics.ts'
import type { Parts } from './compose-consent.ts'
import type { Door } from './portal/admit.ts'
import { createPassOn } from './proxy/pass-on.ts'
import { createProxyReport } from './proxy/report.ts'
import { createProxyRouter } from './proxy/routes.ts'
import { ServiceError } from './shared/errors.ts'

/** Wires the proxy: the router that stands before the bodies of `/v1` are read. */
export function composeProxy(
  parts: Pick<Parts, 'config' | 'programs' | 'upstream' | 'vault' | 'audit' | 'log' | 'clock'> & {
    readonly door: Pick<Door, 'admit'>
    readonly metrics: Pick<Metrics, 'proxy'>
  },
): Router {
  const { config, programs, upstream, vault, door, audit, metrics, log, clock } = parts
  const { proxy: settings, knoxToken } = config.settings
  const passOn = createPassOn({
    connections: vault.connections,
    tokenSource: vault.tokenSource,
    outbound: upstream.streams,
    productsOf(programId) {
      const program = programs.get(programId)
      if (program === undefined) throw new ServiceError('program_not_configured')
      return program.products
    },
    report: createProxyReport({ audit, metrics: metrics.proxy, log, clock }),
    settings,
    minTtlMs: knoxToken.defaultMinTtlMs,
    clock,
  })
  return createProxyRouter({ admit: door.admit, passOn })
}
