import { Counter, type Registry } from 'prom-client'
import { HEALINGS } from '../proxy/call.ts'
import { CALL_OUTCOMES, type ProxyMetrics } from '../proxy/report.ts'

/** Registers the metrics of the proxy. @param programs - With the names of their products. */
export function registerProxyMetrics(
  registers: Registry[],
  programs: readonly { readonly id: string; readonly products: readonly string[] }[],
): ProxyMetrics {
  const calls = new Counter({
    name: 'knoxgate_proxied_calls_total',
    help: 'Calls that were passed on to Knox, by how they ended',
    labelNames: ['program', 'product', 'outcome'],
    registers,
  })
  const refused = new Counter({
    name: 'knoxgate_proxy_refused_tokens_total',
    help: 'Proxied calls whose credential Samsung refused, by what became of them',
    labelNames: ['program', 'outcome'],
    registers,
  })
  for (const { id: program, products } of programs) {
    for (const outcome of HEALINGS) refused.inc({ program, outcome }, 0)
    for (const product of products)
      for (const outcome of CALL_OUTCOMES) calls.inc({ program, product, outcome }, 0)
  }

  return {
    called: (program, product, outcome) => calls.inc({ program, product, outcome }),
    refusedToken: (program, outcome) => refused.inc({ program, outcome }),
  }
}
